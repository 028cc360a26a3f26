/** How many requests came, failed and how long they took, over the last 15 minutes. */
import { gateway, sampleSeconds, type GatewaySample, type Health } from '#contracts/gateway.ts'
import { metrics } from '#platform/metrics.ts'
import type { ProcessContext, QueryContext } from '#platform/service.ts'
import { askGateways } from './other-gateways.ts'

export interface HealthWatch extends Disposable {
  /** Of this gateway, oldest first. */
  samples(): GatewaySample[]
}

const slotMs = sampleSeconds * 1000
const mostSamples = (15 * 60) / sampleSeconds

/** Counts since the start; of durations, by the bound of their bucket in milliseconds. */
export interface RequestTotals {
  requests: number
  errors: number
  durations: Map<string, number>
}

/** Watches until disposed of. */
export function watchHealth(read = requestTotals): HealthWatch {
  const samples: GatewaySample[] = []
  let before: RequestTotals | undefined
  const take = async () => {
    const at = Math.floor(Date.now() / slotMs) * slotMs
    const now = await read()
    if (before) samples.push({ at, ...difference(before, now) })
    if (samples.length > mostSamples) samples.shift()
    before = now
  }
  void take()
  const timer = setInterval(() => void take(), slotMs).unref()
  return { samples: () => samples, [Symbol.dispose]: () => clearInterval(timer) }
}

/** Of those that answer in time. */
export async function healthOfAll(
  process: ProcessContext,
  context: Pick<QueryContext, 'deadlineAt'>,
  { samples }: Pick<HealthWatch, 'samples'>,
): Promise<Health> {
  const own = async () => ({ samples: samples() })
  const answers = await askGateways(process, context, gateway.calls.showSamples, own)
  return healthOf(answers.flatMap(({ answer }) => (answer ? [answer.samples] : [])))
}

/** Adds up what several gateways saw in the same slot. */
export function healthOf(all: readonly (readonly GatewaySample[])[]): Health {
  const slots = Map.groupBy(all.flat(), ({ at }) => at)
  const samples = [...slots]
    .toSorted(([one], [other]) => one - other)
    .slice(-mostSamples)
    .map(([at, slot]) => {
      const durations = addedUp(slot.map(({ durations }) => Object.entries(durations)))
      return {
        at: new Date(at).toISOString(),
        perSecond: sumOf(slot.map(({ requests }) => requests)) / sampleSeconds,
        errorsPerSecond: sumOf(slot.map(({ errors }) => errors)) / sampleSeconds,
        medianMs: quantile(durations, 0.5),
        p95Ms: quantile(durations, 0.95),
        p99Ms: quantile(durations, 0.99),
      }
    })
  return { gateways: all.length, samples }
}

/** Within a bucket durations count as spread evenly; those longer than all bounds as long as the last. */
export function quantile(durations: ReadonlyMap<string, number>, share: number): number | null {
  const buckets = [...durations]
    .map(([bound, count]) => ({ bound: Number(bound), count }))
    .toSorted((one, other) => one.bound - other.bound)
  const total = sumOf(buckets.map(({ count }) => count))
  if (total === 0) return null
  let wanted = total * share
  let lower = 0
  for (const { bound, count } of buckets) {
    if (bound === Infinity) break
    if (count > 0 && wanted <= count) return lower + ((bound - lower) * wanted) / count
    wanted -= count
    lower = bound
  }
  return lower
}

function difference(before: RequestTotals, now: RequestTotals): Omit<GatewaySample, 'at'> {
  const durations = Object.fromEntries(
    Array.from(
      now.durations,
      ([bound, count]) => [bound, count - (before.durations.get(bound) ?? 0)] as const,
    ),
  )
  return { requests: now.requests - before.requests, errors: now.errors - before.errors, durations }
}

async function requestTotals(): Promise<RequestTotals> {
  const [counted, timed] = await Promise.all([
    metrics.getSingleMetric('dakghar_http_requests_total')?.get(),
    metrics.getSingleMetric('dakghar_http_request_seconds')?.get(),
  ])
  const answers = counted?.values ?? []
  // Each bucket counts those of the smaller ones too.
  const series = (timed?.values ?? []).filter(({ labels }) => labels.le !== undefined)
  const cumulated = addedUp(series.map(({ labels: { le }, value }) => [[boundOf(le), value]]))
  let smaller = 0
  const durations = new Map<string, number>()
  for (const [bound, value] of [...cumulated].toSorted(([one], [other]) => Number(one) - Number(other))) {
    durations.set(bound, value - smaller)
    smaller = value
  }
  return {
    requests: sumOf(answers.map(({ value }) => value)),
    errors: sumOf(answers.filter(({ labels }) => Number(labels.status) >= 500).map(({ value }) => value)),
    durations,
  }
}

/** Of a label in seconds. */
function boundOf(le: string | number | undefined): string {
  return String(le === '+Inf' ? Infinity : Math.round(Number(le) * 1e6) / 1000)
}

function addedUp(parts: readonly (readonly (readonly [string, number])[])[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const [key, value] of parts.flat()) sums.set(key, (sums.get(key) ?? 0) + value)
  return sums
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
