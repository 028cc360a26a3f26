/** `node tools/run.mjs tools/icons.ts`: the app's icons as PNG, from `web/public/icon.svg`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const folder = join(import.meta.dirname, '../web/public')
const svg = readFileSync(join(folder, 'icon.svg'), 'utf8')
/** Systems cut these to a shape of their own: the ground goes to the edge, the mark keeps to the middle. */
const whole = svg.replace(' rx="14"', '').replace('viewBox="0 0 64 64"', 'viewBox="-8 -8 80 80"')
const filled = whole.replace('<rect width="64" height="64"', '<rect x="-8" y="-8" width="80" height="80"')

const icons = [
  { name: 'icon-180.png', side: 180, svg: filled },
  { name: 'icon-192.png', side: 192, svg },
  { name: 'icon-512.png', side: 512, svg },
  { name: 'icon-maskable-512.png', side: 512, svg: filled },
]

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  for (const { name, side, svg } of icons) {
    const page = await browser.newPage({ viewport: { width: side, height: side } })
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${side}px}</style>${svg}`)
    await page.screenshot({ path: join(folder, name), omitBackground: true })
    await page.close()
  }
} finally {
  await browser.close()
}
