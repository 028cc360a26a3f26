import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { eventually } from '#platform/testing/eventually.ts'
import { letter, mbox, tar, transferScene, zip } from '../testing.ts'

const count = 1_200
const letters = Array.from({ length: count }, (_, at) => letter(at))
const halves = { 'INBOX.mbox': mbox(letters.slice(0, 600)), 'Work.mbox': mbox(letters.slice(600)) }

for (const [kind, file, kills] of [
  ['an mbox', mbox(letters), 3],
  ['a packed tar of mboxes', gzipSync(tar(halves)), 1],
  ['a zip of mboxes', zip(halves), 1],
] as const)
  test(`an import of ${kind} that is killed goes on where it was, and adds nothing twice`, async () => {
    await using scene = await transferScene()
    const account = await scene.addAccount('rahima@ours.example')
    const id = await scene.begin(account, file)
    const script = fileURLToPath(new URL('killed.testing.ts', import.meta.url))
    let before = 0
    for (let times = 0; times < kills; times++) {
      const child = spawn(process.execPath, [script, scene.databaseUrl, scene.folder], { stdio: 'ignore' })
      await eventually(
        async () => (await scene.transfer(account, id)).messages > before,
        30_000,
        'it comes on',
      )
      const died = once(child, 'exit')
      child.kill('SIGKILL')
      await died
      const { messages, state } = await scene.transfer(account, id)
      equal(state, 'running', 'it was killed before its end')
      ok(messages > before)
      before = messages
    }
    await using stack = new AsyncDisposableStack()
    stack.use(scene.start())
    const done = await scene.ended(account, id)
    deepEqual([done.state, done.messages, done.duplicates, done.refused], ['done', count, 0, 0])
    const kept = await scene.messages(account)
    deepEqual(kept.map(({ source }) => source).toSorted(), letters.toSorted())
  })
