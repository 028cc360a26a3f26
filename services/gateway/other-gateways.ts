/** Asks every gateway the same. */
import type { CallDefinition } from '#contracts/contract.ts'
import { gateway } from '#contracts/gateway.ts'
import type { ProcessContext, QueryContext } from '#platform/service.ts'

export interface GatewayAnswer<Answer> {
  instanceId: string
  /** Null where none came in time. */
  answer: Answer | null
}

/** What the gateway of this process answers is at hand: `own`. */
export async function askGateways<Answer>(
  process: ProcessContext,
  { deadlineAt }: Pick<QueryContext, 'deadlineAt'>,
  definition: CallDefinition,
  own: () => Promise<Answer>,
): Promise<GatewayAnswer<Answer>[]> {
  const identity = { kind: 'service', name: gateway.name } as const
  const invocation = { identity, deadlineAt: Math.min(deadlineAt, Date.now() + definition.deadlineMs!) }
  const instances = [...(process.directory.table?.rows.values() ?? [])].filter(({ services }) =>
    services.some(({ name }) => name === gateway.name),
  )
  return Promise.all(
    instances.map(async ({ id, address }) => {
      if (id === process.instanceId()) return { instanceId: id, answer: await own() }
      const endpoint = { id, address: address as `tcp://${string}` }
      const asked = process.callAt(endpoint, definition, {}, invocation) as Promise<Answer>
      return { instanceId: id, answer: await asked.catch(() => null) }
    }),
  )
}
