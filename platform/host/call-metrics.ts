import type { CallDefinition } from '#contracts/contract.ts'
import { counter, latency } from '#platform/metrics.ts'

const callsTotal = counter('dakghar_calls_total', 'Calls answered by this process.', [
  'service',
  'call',
  'code',
])
const callSeconds = latency('dakghar_call_seconds', 'Time to answer a call.', ['service', 'call'])

/** Says how the call ended: an error code or `ok`. */
type Finish = (code: string) => void

/** Label look-ups are made once per call definition, not once per call. */
const starts = new WeakMap<CallDefinition, () => Finish>()

/** Starts the clock of one call. */
export function measure(definition: CallDefinition): Finish {
  let start = starts.get(definition)
  if (!start) starts.set(definition, (start = startFor(definition)))
  return start()
}

function startFor({ service, name }: CallDefinition): () => Finish {
  const seconds = callSeconds.labels(service, name)
  const counts = new Map<string, { inc(): void }>()
  return () => {
    const startedAt = performance.now()
    return (code) => {
      seconds.observe((performance.now() - startedAt) / 1000)
      let count = counts.get(code)
      if (!count) counts.set(code, (count = callsTotal.labels(service, name, code)))
      count.inc()
    }
  }
}
