import { join } from 'node:path'
import { createClient, type Caller } from '#contracts/client.ts'
import { logs } from '#contracts/logs.ts'
import { createLogger, type Logger } from '#platform/log.ts'
import { exportSpans } from '#platform/otlp.ts'
import { openShipper, type Shipper } from '#platform/shipping/shipper.ts'
import type { SpanRecorder } from '#platform/trace.ts'
import type { Values } from './settings.ts'

/** `root` is for services, which bind their names; `log` is the process's. Lines written before shipping starts are shipped then. */
export function openLog(settings: Values, service: string, given: Logger | undefined) {
  let shipper: Shipper | undefined
  const early: Record<string, unknown>[] = []
  const root =
    given ??
    createLogger({
      level: settings.LOG_LEVEL,
      format: settings.LOG_FORMAT === 'auto' ? (process.stdout.isTTY ? 'text' : 'json') : settings.LOG_FORMAT,
      directory: settings.LOG_DIR,
      ship: settings.LOG_SHIP ? (line) => (shipper ? shipper.line(line) : void early.push(line)) : undefined,
    })
  const log = root.child({ service })

  return {
    root,
    log,
    /** Sends lines and spans to the logs service, and spans to a collector where one is set. */
    async ship(spans: SpanRecorder, caller: Caller): Promise<AsyncDisposable> {
      const stack = new AsyncDisposableStack()
      if (settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined)
        stack.use(exportSpans(spans, settings.OTEL_EXPORTER_OTLP_ENDPOINT, log))
      if (settings.LOG_SHIP) {
        const client = createClient(logs, caller)
        shipper = stack.use(
          await openShipper({
            spoolDirectory: join(settings.DATA_DIR, 'spool'),
            sendLines: async (lines) => void (await client.writeLines({ lines })),
            sendSpans: async (finished) => void (await client.writeSpans({ spans: finished })),
          }),
        )
        for (const line of early.splice(0)) shipper.line(line)
        stack.defer(spans.onSpan((span) => shipper?.span(span)))
      }
      return stack
    },
  }
}
