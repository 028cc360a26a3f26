/** Who may make which call: the contracts say it. */
import type { z } from 'zod'
import { contracts } from '#contracts/all.ts'
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { AccountRole } from '#contracts/identity/account.ts'
import type { Grant } from '#contracts/identity/admin.ts'
import { sufficientRoles } from '#platform/host/access.ts'

type ShownGrant = z.output<typeof Grant>

export function listGrants(): ShownGrant[] {
  return contracts.flatMap(({ calls, streams }) => [
    ...Object.values<CallDefinition>(calls).map(grantOf),
    ...Object.values<StreamDefinition>(streams).map(grantOf),
  ])
}

function grantOf(definition: CallDefinition | StreamDefinition): ShownGrant {
  const { service, name: call, kind, access, http } = definition
  const roles: ShownGrant['roles'] =
    access === 'public' ? ['anonymous', ...AccountRole.options] : [...(sufficientRoles[access] ?? [])]
  const owned = definition.kind === 'stream' ? null : (definition.owned ?? null)
  return { service, call, kind, access, roles, owned, http: [http ?? []].flat() }
}
