/** What a browser loads before the first page of who is signed in can be used. */
import type { BrowserContext, Page } from 'playwright-core'

/** Compressed bytes of scripts that a first visit to `path` fetches, with an empty cache. */
export async function scriptBytes(context: BrowserContext, path: string): Promise<number> {
  const page = await context.newPage()
  const protocol = await context.newCDPSession(page)
  await protocol.send('Network.enable')
  await protocol.send('Network.setCacheDisabled', { cacheDisabled: true })
  const scripts = new Set<string>()
  let bytes = 0
  protocol.on('Network.responseReceived', ({ requestId, response }) => {
    if (/javascript/.test(response.mimeType)) scripts.add(requestId)
  })
  protocol.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength
  })
  await page.goto(path, { waitUntil: 'networkidle' })
  await page.locator('main h1').waitFor()
  await page.close()
  return bytes
}

/**
 * The slowest answer of the page to a key or click, in milliseconds from the touch to the next picture, on a processor
 * four times slower (Event Timing, W3C).
 */
export async function slowestInteraction(page: Page, act: (page: Page) => Promise<void>): Promise<number> {
  const protocol = await page.context().newCDPSession(page)
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await page.evaluate(`{
    globalThis.slowest = 0
    new PerformanceObserver((list) => {
      for (const { duration, interactionId } of list.getEntries())
        if (interactionId) globalThis.slowest = Math.max(globalThis.slowest, duration)
    }).observe({ type: 'event', durationThreshold: 16 })
  }`)
  await act(page)
  await page.waitForTimeout(300)
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  return page.evaluate<number>('globalThis.slowest')
}
