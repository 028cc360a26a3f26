/** The API reference as a person sees it, in Debian's Chromium. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { chromium, type Browser } from 'playwright-core'
import { testDoor, type TestDoor } from '#services/gateway/testing.ts'

let browser: Browser
let door: TestDoor
before(async () => {
  door = await testDoor()
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-sync',
    ],
  })
})
after(async () => {
  await browser?.close()
  await door?.[Symbol.asyncDispose]()
})

const screens = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 800 },
}

for (const [name, viewport] of Object.entries(screens))
  for (const colorScheme of ['light', 'dark'] as const)
    test(`the API reference is readable on a ${name}, ${colorScheme}, without JavaScript`, async () => {
      await using context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled: false })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      page.on('requestfailed', (request) => complaints.push(request.url()))
      const response = await page.goto(`${door.url}/api/docs`)
      assert.equal(response?.status(), 200)
      assert.match(response.headers()['content-security-policy'] ?? '', /default-src 'none'/)
      const text = (await page.locator('body').textContent()) ?? ''
      for (const shown of ['Everything on the shelf.', '/kiosk/items/{id}', 'soldOut'])
        assert.ok(text.includes(shown), shown)
      const { width } = (await page.locator('body').boundingBox())!
      assert.ok(width <= viewport.width, `the page is ${width} px wide`)
      if (process.env.SCREENSHOTS)
        await page.screenshot({ path: `${process.env.SCREENSHOTS}/docs-${name}-${colorScheme}.png` })
      assert.deepEqual(complaints, [])
    })
