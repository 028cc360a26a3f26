/** Each service has a role, `dakghar_<service>`, that owns the service's schema and has no rights elsewhere. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError, type ClientBase } from 'pg'

/**
 * `auto`: a service runs as its role where that role owns its schema, which is where the user that ran the first
 * migration may create roles. True: a server without the role is an error. False: all runs as the connecting user.
 */
export type ServiceRoles = boolean | 'auto'

const insufficientPrivilege = '42501'
/** duplicate_object, unique_violation, `tuple concurrently updated`: roles are shared by the databases of a server. */
const racing = new Set(['42710', '23505', 'XX000'])
const tries = 10

export function roleName(service: string): string {
  return `dakghar_${service}`
}

/** Service names stand in SQL as identifiers. Returns the name. */
export function checkServiceName(name: string): string {
  // Postgres cuts identifiers at 63 bytes; the role's name has a prefix of 8.
  if (!/^[a-z][a-z0-9_]{0,54}$/.test(name) || /^(platform|public|pg_.*)$/.test(name))
    throw new Error(`"${name}" can't be the name of a schema`)
  return name
}

/** Makes the role where it is missing and lets the connecting user take it. False: it may not do that. */
export async function createRole(client: ClientBase, role: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`do $$ begin
        if to_regrole('${role}') is null then
          create role ${role} nologin;
          grant ${role} to current_user;
        elsif not pg_has_role(current_user, '${role}', 'member') then
          grant ${role} to current_user;
        end if;
      end $$`)
      return true
    } catch (error) {
      const code = error instanceof DatabaseError ? error.code : undefined
      if (code === insufficientPrivilege) return false
      if (attempt === tries || code === undefined || !racing.has(code)) throw error
      await sleep(10 * attempt)
    }
  }
}
