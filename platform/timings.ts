/** How often, how long and with what end a kind of work was done. */
import type { Registry } from 'prom-client'
import { metrics } from './metrics.ts'

export interface Timings<Label extends string> {
  /** The recorder of one set of labels; keep it, finding it costs more than recording. */
  of(labels: Record<Label, string>): Recorder
}

export interface Recorder {
  record(outcome: string | number, ms: number): void
}

/** From half a millisecond to the longest deadline. */
const bucketsMs = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000]

/**
 * The metrics `<name>s_total`, by labels and outcome, and `<name>_seconds`, by labels. Recording is a few additions:
 * the values are made at a scrape, while prom-client's own metrics look their labels up at every observation.
 */
export function timings<Label extends string>(
  name: string,
  help: { total: string; seconds: string },
  outcomeLabel: string,
): Timings<Label> {
  const existing = known.get(name)
  if (existing) return existing
  const series = new Map<string, Series>()
  const all = () => [...series.values()]
  register(`${name}s_total`, 'counter', help.total, () => all().flatMap((one) => one.counts(outcomeLabel)))
  register(`${name}_seconds`, 'histogram', help.seconds, () =>
    all().flatMap((one) => one.histogram(`${name}_seconds`)),
  )
  const made: Timings<Label> = {
    of(labels) {
      const key = JSON.stringify(labels)
      const recorder = series.get(key) ?? new Series(labels)
      series.set(key, recorder)
      return recorder
    },
  }
  known.set(name, made)
  return made
}

const known = new Map<string, Timings<string>>()

interface Value {
  labels: Record<string, string | number>
  value: number
  metricName?: string
}

/** What the registry reads of a metric at a scrape. */
function register(name: string, type: 'counter' | 'histogram', help: string, values: () => Value[]): void {
  const metric = {
    name,
    get: async () => ({ name, help, type, aggregator: 'sum', values: values() }),
    reset() {},
  }
  metrics.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0])
}

class Series implements Recorder {
  readonly #labels: Record<string, string>
  readonly #outcomes = new Map<string | number, number>()
  /** One more than there are bounds: the last holds what is longer than all. */
  readonly #buckets = new Float64Array(bucketsMs.length + 1)
  #sumMs = 0

  constructor(labels: Record<string, string>) {
    this.#labels = labels
  }

  record(outcome: string | number, ms: number): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1)
    let bucket = 0
    while (ms > bucketsMs[bucket]!) bucket++
    this.#buckets[bucket]!++
    this.#sumMs += ms
  }

  counts(outcomeLabel: string): Value[] {
    return [...this.#outcomes].map(([outcome, value]) => ({
      labels: { ...this.#labels, [outcomeLabel]: String(outcome) },
      value,
    }))
  }

  /** Buckets count what is not longer than their bound, https://prometheus.io/docs/concepts/metric_types/#histogram. */
  histogram(metricName: string): Value[] {
    let count = 0
    const buckets = [...this.#buckets].map((inBucket, index) => {
      const le = index < bucketsMs.length ? bucketsMs[index]! / 1000 : '+Inf'
      return {
        labels: { le, ...this.#labels },
        value: (count += inBucket),
        metricName: `${metricName}_bucket`,
      }
    })
    if (count === 0) return []
    return [
      ...buckets,
      { labels: this.#labels, value: this.#sumMs / 1000, metricName: `${metricName}_sum` },
      { labels: this.#labels, value: count, metricName: `${metricName}_count` },
    ]
  }
}
