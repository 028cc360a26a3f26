/** One Prometheus registry for the process. Names follow https://prometheus.io/docs/practices/naming/. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export const metrics = new Registry()

/** Event loop, heap, process: https://github.com/siimon/prom-client#default-metrics. */
export function collectProcessMetrics(): void {
  if (!metrics.getSingleMetric('process_cpu_user_seconds_total'))
    collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: 20 })
}

/** Seconds; from half a millisecond to the longest deadline. */
const latencyBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function counter<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[] = [],
): Counter<Label> {
  return (
    (metrics.getSingleMetric(name) as Counter<Label>) ??
    new Counter({ name, help, labelNames, registers: [metrics] })
  )
}

/** `collect` is called at every scrape; it sets the gauge. */
export function gauge<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[] = [],
  collect?: (gauge: Gauge<Label>) => void | Promise<void>,
): Gauge<Label> {
  const existing = metrics.getSingleMetric(name) as Gauge<Label> | undefined
  if (existing) return existing
  return new Gauge({
    name,
    help,
    labelNames,
    registers: [metrics],
    ...(collect && {
      collect() {
        return collect(this as Gauge<Label>)
      },
    }),
  })
}

export function latency<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[] = [],
): Histogram<Label> {
  return (
    (metrics.getSingleMetric(name) as Histogram<Label>) ??
    new Histogram({ name, help, labelNames, buckets: latencyBuckets, registers: [metrics] })
  )
}
