/** The live tail: the table is the truth, a signal only says when to look. */
import type { z } from 'zod'
import type { LogLine } from '#contracts/logs.ts'
import type { QueryContext } from '#platform/service.ts'
import { createBell } from '#platform/signals/bell.ts'
import type { Signals } from '#platform/signals/signals.ts'
import type { Filter } from './store/lines.ts'
import { formatPosition, parsePosition, readTail, tailEnd } from './store/tail.ts'

const topic = 'logs.lines'
/** How late a line is shown when the signal for it is lost. */
const pollMs = 1000
/** How soon to look again while older transactions run, whose lines come first. */
const heldBackMs = 100
const pageSize = 500

/** Wakes the tails of every process. */
export function announceLines(signals: Signals): void {
  signals.send(topic)
}

/** Lines that match as they are stored, from `after` or from now on, until the signal of the context aborts. */
export async function* tailLines(
  { after, ...filter }: Filter & { after?: string | undefined },
  context: QueryContext,
): AsyncGenerator<z.input<typeof LogLine> & { position: string }> {
  const { db, signals, signal } = context
  let position = after === undefined ? await tailEnd(db) : parsePosition(after)
  if (!position) return context.fail('invalid', 'after is no position of a line')
  using bell = createBell(signals, topic, signal)
  while (!signal.aborted) {
    const page = await readTail(db, position, filter, pageSize)
    for (const line of page.lines) yield { ...line, position: formatPosition(line) }
    position = page.position
    if (page.lines.length < pageSize) await bell.rung(page.isHeldBack ? heldBackMs : pollMs)
  }
}
