/** Writes into the service worker which files it keeps, and a version that changes with them. */
import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

const isKept = (file: string) => /^assets\/.*\.(js|css|woff2)$/.test(file)

export function precacheList(): Plugin {
  return {
    name: 'precache-list',
    enforce: 'post',
    // Behind Vite, which takes away the empty script of a page that has none.
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle['service-worker.js']
        if (worker?.type !== 'chunk') throw new Error('the service worker was not built')
        const files = Object.keys(bundle).filter(isKept).toSorted()
        const version = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 12)
        const list = JSON.stringify(files.map((file) => `/${file}`))
        worker.code = worker.code
          .replace('PRECACHED_FILES', () => list)
          .replace('PRECACHE_VERSION', `"${version}"`)
      },
    },
  }
}
