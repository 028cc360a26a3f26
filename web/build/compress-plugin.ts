/** Writes each text of the build a second and third time, compressed as the gateway hands it out: a start has no time for it. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

export function compressed(): Plugin {
  let directory = ''
  return {
    name: 'compressed',
    apply: 'build',
    enforce: 'post',
    configResolved: ({ root, build }) => void (directory = join(root, build.outDir)),
    closeBundle() {
      for (const name of globSync('**/*.{html,js,css,json,svg,webmanifest}', { cwd: directory }))
        compress(join(directory, name))
    },
  }
}

function compress(path: string): void {
  const plain = readFileSync(path)
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  }
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params }))
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }))
}
