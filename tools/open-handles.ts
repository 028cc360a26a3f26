/** Loaded into every test file: one that keeps its process alive after its last test fails, rather than hang. */
import { after } from 'node:test'

const graceMs = 10_000

const [, file = ''] = process.argv
if (file.endsWith('.test.ts'))
  after(() => {
    setTimeout(() => {
      process.stderr.write(`${file} leaves open: ${process.getActiveResourcesInfo().join(', ')}\n`)
      process.exit(1)
    }, graceMs).unref()
  })
