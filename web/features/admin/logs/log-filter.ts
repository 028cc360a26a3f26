import type { InputOf } from '#contracts/client.ts'
import { LogLevel, type logs } from '#contracts/logs.ts'

/** What the address of the page says. */
export type LogSearch = Partial<
  Record<'text' | 'level' | 'service' | 'name' | 'from' | 'to' | 'traceId' | 'live', string | undefined>
>

export type LogFilter = Omit<InputOf<typeof logs.calls.listLogs>, 'cursor' | 'limit'>

/** `level` is the lowest that is shown. */
export function filterOf({ text, level, service, name, from, to, traceId }: LogSearch): LogFilter {
  const lowest = LogLevel.options.findIndex((one) => one === level)
  const trace = traceId?.trim().toLowerCase() ?? ''
  return {
    ...(text?.trim() && { text: text.trim() }),
    ...(lowest > 0 && { level: LogLevel.options.slice(lowest) }),
    ...(service && { service }),
    ...(name && { name }),
    ...(isTime(from) && { from }),
    ...(isTime(to) && { to }),
    ...(/^[0-9a-f]{32}$/.test(trace) && { traceId: trace }),
  }
}

/** For `<input type="datetime-local">`. */
export function localTime(time: string | undefined): string {
  if (!isTime(time)) return ''
  const date = new Date(time)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function isTime(text: string | undefined): text is string {
  return text !== undefined && !Number.isNaN(Date.parse(text))
}
