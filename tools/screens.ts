/** `node tools/run.mjs tools/screens.ts [scene …]`: pictures of every page of the web app into `docs/screens/`. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions } from 'playwright-core'
import { adminScenes } from '../tests/web/admin-scenes.ts'
import { openInstallation, type Installation } from '../tests/web/installation.ts'
import { mailWritingScenes, populateWriting } from '../tests/web/mail-writing-scenes.ts'
import { bring, letters } from '../tests/web/letters.ts'
import { mailScenes } from '../tests/web/mail-scenes.ts'
import { people, populate, signIn } from '../tests/web/people.ts'
import { scenes, setUpScenes, showScene, type Scene } from '../tests/web/scenes.ts'

interface Look {
  name: string
  language: 'en' | 'bn'
  context: BrowserContextOptions
}

const desk = { viewport: { width: 1280, height: 800 } }
const looks: Look[] = [
  { name: 'light', language: 'en', context: desk },
  { name: 'dark', language: 'en', context: { ...desk, colorScheme: 'dark' } },
  { name: 'phone', language: 'en', context: { viewport: { width: 390, height: 844 }, hasTouch: true } },
  { name: 'bengali', language: 'bn', context: { ...desk, locale: 'bn-BD' } },
  {
    name: 'bengali-phone',
    language: 'bn',
    context: { viewport: { width: 390, height: 844 }, hasTouch: true, locale: 'bn-BD', colorScheme: 'dark' },
  },
]

const folder = join(import.meta.dirname, '../docs/screens')
const wanted = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
await using installation = await openInstallation()
await picture(installation, setUpScenes(installation.setUpToken))
await populate(installation)
for (const [userid, name] of [
  [people.person.en, 'Mina Akter'],
  [people.person.bn, 'রহিম উদ্দিন'],
] as const) {
  const address = `${userid}@sweets.example`
  await bring(installation, address, letters(name, address))
}
await populateWriting(installation)
await picture(installation, [...scenes, ...mailScenes, ...adminScenes, ...mailWritingScenes])

async function picture(installation: Installation, all: Scene[]): Promise<void> {
  const chosen = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  if (chosen.length === 0) return
  for (const look of looks) {
    for (const as of ['visitor', 'person', 'admin'] as const) {
      const theirs = chosen.filter((scene) => scene.as === as)
      if (theirs.length > 0) await pictureAs(installation, look, theirs)
    }
  }
}

async function pictureAs({ visit }: Installation, look: Look, scenes: Scene[]): Promise<void> {
  await using visited = await visit({ locale: 'en-GB', timezoneId: 'Asia/Dhaka', ...look.context })
  const { page, problems } = visited
  const { as } = scenes[0]!
  if (as !== 'visitor') await signIn(page, people[as][look.language])
  for (const scene of scenes) {
    try {
      await showScene(page, scene)
    } catch (error) {
      process.stderr.write(`${scene.name} ${look.name}: ${String(error).slice(0, 400)}\n`)
    }
    const { width, height } = look.context.viewport!
    const isLayered = await page.locator('[role=dialog], [role=menu]').count()
    const all = isLayered ? height : await page.evaluate<number>('document.documentElement.scrollHeight')
    await page.setViewportSize({ width, height: Math.max(height, all) })
    await page.screenshot({ path: join(folder, `${scene.name}-${look.name}.png`) })
    await page.setViewportSize({ width, height })
    await page.unrouteAll()
  }
  for (const problem of new Set(problems)) process.stderr.write(`${look.name}: ${problem}\n`)
}
