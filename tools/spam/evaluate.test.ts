import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMessage } from '#services/mail/mime/parse.ts'
import type { Label } from '#services/mail/spam/learning.ts'
import { evaluate } from './evaluate.ts'
import { readEntries } from './index-file.ts'
import { errorRates, missedArea } from './measure.ts'
import { render } from './render.ts'
import { parseTemplates, readTemplates } from './templates.ts'
import { readFacts } from './trace-facts.ts'

async function writeCorpus(t: TestContext, index: string) {
  const folder = await mkdtemp(join(tmpdir(), 'spam-corpus-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'mail'))
  const templates = readTemplates()
  const pick = (file: string) => templates.find((template) => template.file === file)!
  await writeFile(join(folder, 'mail/ham 1.txt'), render(pick('primary'), 900).bytes)
  await writeFile(
    join(folder, 'mail/spam1'),
    Buffer.concat([
      Buffer.from('From x Mon Feb  2 10:00:00 2026\r\n'),
      render(pick('spam-phishing'), 900).bytes,
    ]),
  )
  await writeFile(join(folder, 'index'), index)
  return join(folder, 'index')
}

test('an index is read with CRLF, other white space and empty lines', async (t) => {
  const index = await writeCorpus(t, '\uFEFFham\tmail/ham 1.txt\r\n\r\nSPAM mail/spam1\r\n')
  const entries = await Array.fromAsync(readEntries(index))
  assert.deepEqual(
    entries.map(({ label, path }) => [label, path]),
    [
      ['ham', 'mail/ham 1.txt'],
      ['spam', 'mail/spam1'],
    ],
  )
  assert.ok(parseMessage(entries[1]!.bytes).headers.some(({ name }) => name === 'from'))
  assert.equal((await Array.fromAsync(readEntries(index, 1))).length, 1)
})

test('what is wrong with an index is said with its line', async (t) => {
  const index = await writeCorpus(t, 'ham\tmail/ham 1.txt\nspam\tmail/nowhere\n')
  await assert.rejects(Array.fromAsync(readEntries(index)), /index:2: can't read .*mail\/nowhere/)
  await assert.rejects(Array.fromAsync(readEntries(`${index}x`)), /There is no index/)
  const wrong = await writeCorpus(t, 'ham\tmail/ham 1.txt\nmaybe\tmail/spam1\n')
  await assert.rejects(Array.fromAsync(readEntries(wrong)), /:2: expected "spam" or "ham"/)
})

test('the command prints figures, writes scores and fails with a sentence', async (t) => {
  const index = await writeCorpus(t, 'ham\tmail/ham 1.txt\nspam\tmail/spam1\n')
  const scores = `${index}.scores`
  const run = (...words: string[]) =>
    spawnSync(process.execPath, ['tools/spam.ts', ...words], { encoding: 'utf8' })
  const done = run('evaluate', index, '--online', '--scores', scores)
  assert.equal(done.status, 0, done.stderr)
  assert.match(done.stdout, /\(1-ROCA\) %/)
  assert.match(
    await readFile(scores, 'utf8'),
    /^ham\t-?[\d.]+\tmail\/ham 1\.txt\nspam\t-?[\d.]+\tmail\/spam1\n$/,
  )
  const failed = run('evaluate', `${index}x`)
  assert.equal(failed.status, 1)
  assert.match(failed.stderr, /^There is no index .*\n$/)
})

test('what is learned online makes the next of its kind certain, and nothing is learned fresh', async (t) => {
  const index = await writeCorpus(t, 'spam\tmail/spam1\nham\tmail/ham 1.txt\n'.repeat(4))
  const online = await evaluate(index, { isOnline: true })
  const fresh = await evaluate(index, { isOnline: false })
  assert.ok(online.scores[6]!.score > online.scores[0]!.score)
  assert.ok(online.scores[7]!.score < online.scores[1]!.score)
  assert.equal(fresh.scores[6]!.score, fresh.scores[0]!.score)
  assert.equal(online.missedArea, 0)
  assert.ok(online.accountBytes > fresh.accountBytes)
})

test('the area above the curve counts pairs in the wrong order, ties half', () => {
  const labels: Label[] = ['ham', 'ham', 'spam', 'spam']
  assert.equal(missedArea([1, 2, 3, 4], labels), 0)
  assert.equal(missedArea([4, 3, 2, 1], labels), 100)
  assert.equal(missedArea([1, 1, 1, 1], labels), 50)
  assert.equal(missedArea([1, 3, 2, 4], labels), 25)
  const { falsePositives, falseNegatives } = errorRates([true, false, true, true], labels)
  assert.deepEqual([falsePositives, falseNegatives], [50, 0])
})

test('verdicts of the receiving server count, those further down do not', () => {
  const facts = (text: string) => readFacts(parseMessage(Buffer.from(text.replaceAll('\n', '\r\n'))))
  const results =
    'Authentication-Results: mx.example; spf=pass smtp.mailfrom=b.example; dkim=pass header.d=b.example; dmarc=fail (p=REJECT)'
  assert.deepEqual(facts(`${results}\nReceived: by mx\nFrom: a@b.example\n\nx`), {
    authentication: { spf: 'pass', dkim: 'pass', dmarc: 'fail', dmarcPolicy: 'reject' },
  })
  assert.deepEqual(facts(`Received: by mx\nReceived: from b\n${results}\nFrom: a@b.example\n\nx`), {})
  assert.equal(facts(`${results}\nFrom: a@other.example\n\nx`).authentication!.dkim, undefined)
})

test('a template gives the same bytes each time, and no slot is left', () => {
  const templates = readTemplates()
  assert.ok(templates.length >= 200)
  assert.equal(new Set(templates.map(({ file, name }) => `${file}/${name}`)).size, templates.length)
  for (const template of templates) {
    const { bytes } = render(template, 5)
    assert.deepEqual(render(template, 5).bytes, bytes)
    assert.doesNotMatch(bytes.toString(), /\{[a-z]+\d?\}|<<|>>(?!\s)/, template.name)
    assert.deepEqual(parseMessage(bytes).oddities, [], template.name)
  }
  assert.throws(() => parseTemplates('x', '=== nobody\nsubject: y\n\ntext'), /nobody/)
})
