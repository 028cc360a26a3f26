/** A list longer than a test can bring by mail: the answers for it are made here, page by page, in the server's shape. */
import type { Page } from 'playwright-core'

export interface Scrolled {
  framesPerSecond: number
  longestMs: number
  /** Conversations that the list has at the end. */
  rows: number
  /** Rows in the page at once. */
  shown: number
}

/** More than the server gives at once: what counts is the length of the list. */
const pageSize = 2000

/** Reads the list to its end, then scrolls through it on a processor four times slower. */
export async function longList(page: Page, count: number): Promise<Scrolled> {
  await page.route('**/api/mail/threads?*', (route) => {
    const query = new URL(route.request().url()).searchParams
    const start = Number(query.get('cursor') ?? 0)
    const end = Math.min(count, start + pageSize)
    const mailboxId = query.get('mailboxId') ?? ''
    const items = Array.from({ length: end - start }, (_, at) => threadRow(start + at, mailboxId))
    return route.fulfill({ json: { items, nextCursor: end < count ? String(end) : null } })
  })
  await page.goto('/mail/all')
  const list = page.getByRole('grid')
  await list.waitFor()
  for (let loaded = 0; loaded < count;) loaded = await page.evaluate<number>(toEnd)
  const protocol = await page.context().newCDPSession(page)
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  const { frames, longestMs, elapsedMs, shown } = await page.evaluate<{
    frames: number
    longestMs: number
    elapsedMs: number
    shown: number
  }>(scrolling)
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  const rows = Number(await list.getAttribute('aria-rowcount'))
  return {
    framesPerSecond: Math.round((frames / elapsedMs) * 1000),
    longestMs: Math.round(longestMs),
    rows,
    shown,
  }
}

/** Goes to the end of what is loaded; gives how much there is when it is the whole list. */
const toEnd = `new Promise((done) => {
  const grid = document.querySelector('[role=grid]')
  grid.parentElement.scrollTop = grid.offsetHeight
  requestAnimationFrame(() => done(Number(grid.getAttribute('aria-rowcount'))))
})`

/** Three seconds of a steady fling: 3,000 pixels a second, from the middle. */
const scrolling = `new Promise((done) => {
  const grid = document.querySelector('[role=grid]')
  const scroller = grid.parentElement
  scroller.scrollTop = grid.offsetHeight / 2
  let last = performance.now()
  const start = last
  let frames = 0
  let longestMs = 0
  requestAnimationFrame(function step(now) {
    frames += 1
    longestMs = Math.max(longestMs, now - last)
    scroller.scrollTop += ((now - last) / 1000) * 3000
    last = now
    if (now - start < 3000) return requestAnimationFrame(step)
    done({ frames, longestMs, elapsedMs: now - start, shown: document.querySelectorAll('[role=row]').length })
  })
})`

function threadRow(number: number, mailboxId: string) {
  const hex = number.toString(16).padStart(12, '0')
  return {
    id: `00000000-0000-7000-8000-${hex}`,
    subject: `Order ${number}: sweets for the wedding`,
    snippet: 'We need forty boxes of sandesh and twenty of roshogolla by Friday noon, please.',
    lastAt: new Date(Date.UTC(2026, 10, 21) - number * 60_000).toISOString(),
    messages: (number % 4) + 1,
    unread: number % 3 === 0 ? 1 : 0,
    isFlagged: number % 7 === 0,
    category: 'primary',
    senders: [
      {
        name: `Customer ${number}`,
        address: `customer${number}@people.example`,
        isUnread: number % 3 === 0,
        isOwn: false,
      },
      { name: 'Mina Akter', address: 'mina@sweets.example', isUnread: false, isOwn: true },
    ],
    attachments: number % 5 === 0 ? [{ fileName: 'order.pdf', mediaType: 'application/pdf' }] : [],
    mailboxIds: [mailboxId],
    hasDraft: false,
    snoozedUntil: null,
    isMuted: false,
  }
}
