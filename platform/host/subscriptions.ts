import type { Bus, Delivery, Subscription } from '#platform/bus/bus.ts'
import type { Service, ServiceContext, ServiceSubscription } from '#platform/service.ts'
import { continueTrace, parseTraceparent, type SpanRecorder } from '#platform/trace.ts'
import { runAfterCommit, type ServiceRuntime } from './contexts.ts'
import type { Selected } from './roles.ts'

/** Starts what runs here. The queues of all services exist before anything is published, also of those that run elsewhere. */
export async function startSubscriptions(
  services: readonly Service[],
  selected: readonly Selected[],
  runtimes: ReadonlyMap<Service, ServiceRuntime>,
  bus: Bus,
  spans: SpanRecorder,
): Promise<void> {
  const here = selected.flatMap(({ service, roles }) =>
    roles.flatMap(([, role]) =>
      (role.subscriptions ?? []).map((subscription) => ({ service, subscription })),
    ),
  )
  const elsewhere = services
    .flatMap(({ roles }) => Object.values(roles).flatMap((role) => role.subscriptions ?? []))
    .filter((subscription) => !here.some((one) => one.subscription === subscription))
  await bus.declare(elsewhere.map((subscription) => ({ ...subscription, handle: async () => undefined })))
  await bus.subscribe(
    here.map(({ service, subscription }) => {
      const { context } = runtimes.get(service)!
      return { database: context.db, subscription: bound(subscription, context, spans) }
    }),
  )
}

/** Gives the handler its context, and each delivery a span in the trace of the call that published it. */
function bound(
  subscription: ServiceSubscription,
  context: ServiceContext,
  spans: SpanRecorder,
): Subscription {
  return {
    ...subscription,
    async handle(deliveries, tx) {
      const startedAt = Date.now()
      const actions: (() => void)[] = []
      const afterCommit = (action: () => void) => void actions.push(action)
      const finish = (error?: string) => finishSpans(subscription, deliveries, { startedAt, error }, spans)
      try {
        await subscription.handle(deliveries, { ...context, tx, afterCommit })
      } catch (error) {
        finish((error as { code?: string }).code ?? 'internal')
        throw error
      }
      finish()
      return () => runAfterCommit(actions, context.log)
    },
  }
}

function finishSpans(
  { name, event }: ServiceSubscription,
  deliveries: readonly Delivery[],
  outcome: { startedAt: number; error: string | undefined },
  spans: SpanRecorder,
): void {
  for (const { traceparent } of deliveries)
    spans.finish(continueTrace(parseTraceparent(traceparent)), {
      service: name.split('.')[0] ?? event.service,
      name,
      kind: 'consumer',
      ...outcome,
    })
}
