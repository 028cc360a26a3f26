/** How late a deadline may be noticed. */
const precisionMs = 25

export interface Awaited {
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number
  onDeadline(): void
}

const awaited = new Set<Awaited>()
let timer: NodeJS.Timeout | undefined

/** Tells it once, at its deadline. One timer watches all: one for each call would cost more than routing the call. */
export function watchDeadline(one: Awaited): void {
  awaited.add(one)
  timer ??= setInterval(tellLate, precisionMs)
}

export function forgetDeadline(one: Awaited): void {
  awaited.delete(one)
}

function tellLate(): void {
  const now = Date.now()
  for (const one of awaited)
    if (one.deadlineAt <= now) {
      awaited.delete(one)
      one.onDeadline()
    }
  if (awaited.size > 0) return
  clearInterval(timer)
  timer = undefined
}
