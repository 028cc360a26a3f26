/** Leaves word of when a whole build began, for who asks whether it is up to date, and for who serves it. */
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

const web = join(import.meta.dirname, '..')
const dist = join(web, 'dist')
const stamp = join(dist, '.built')

export function buildStamp(): Plugin {
  let startedMs = 0
  return {
    name: 'build-stamp',
    enforce: 'post',
    buildStart() {
      // Making the folder changes the one around it, which must not count as a change of the sources.
      mkdirSync(dist, { recursive: true })
      startedMs = Math.max(Date.now(), statSync(web).mtimeMs)
    },
    closeBundle() {
      writeFileSync(stamp, '')
      utimesSync(stamp, startedMs / 1000, startedMs / 1000)
    },
  }
}
