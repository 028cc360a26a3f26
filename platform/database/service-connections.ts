import type { Pool, PoolClient } from 'pg'
import type { ServiceRoles } from './roles.ts'

/**
 * Gives each service the same pool. A connection takes the schema and role of a service when it is handed out,
 * unless it has them from the last time, and is closed instead of returned when a statement or a transaction is
 * open on it.
 */
export function shareByServices(pool: Pool, serviceRoles: ServiceRoles) {
  const serviceOf = new WeakMap<PoolClient, string>()
  const become = {
    name: 'become_service',
    text: `select set_config('search_path', $1 || ', public', false),
      set_config('role', ${roleOfService(serviceRoles)}, false)`,
  }
  return (service: string) => ({
    options: pool.options,
    async connect() {
      const client = await pool.connect()
      const giveBack = client.release
      client.release = (broken) => giveBack(broken || !isIdle(client))
      if (serviceOf.get(client) === service) return client
      try {
        serviceOf.delete(client)
        await client.query({ ...become, values: [service] })
        serviceOf.set(client, service)
        return client
      } catch (error) {
        client.release(true)
        throw error
      }
    },
    // The server closes the pool.
    end: async () => {},
  })
}

/** `readyForQuery` is false from a statement's start until the server is done with it. */
function isIdle(client: PoolClient & { readyForQuery?: boolean }): boolean {
  return client.readyForQuery === true && client.getTransactionStatus() === 'I'
}

/** SQL expression: the role in which the service `$1` runs, `none` for the connecting user. */
function roleOfService(serviceRoles: ServiceRoles): string {
  if (serviceRoles === true) return `'dakghar_' || $1`
  if (serviceRoles === false) return `'none'`
  return `coalesce((select pg_get_userbyid(nspowner) from pg_namespace
    where nspname = $1 and pg_get_userbyid(nspowner) = 'dakghar_' || $1
      and pg_has_role(session_user, nspowner, 'member')), 'none')`
}
