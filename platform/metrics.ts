/** One Prometheus registry for the process. Names follow https://prometheus.io/docs/practices/naming/. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'

export const metrics = new Registry()

/** Event loop, heap, process: https://github.com/siimon/prom-client#default-metrics. */
export function collectProcessMetrics(): void {
  if (!metrics.getSingleMetric('process_cpu_user_seconds_total'))
    collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: 20 })
}

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
