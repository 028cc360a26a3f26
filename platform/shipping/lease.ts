/**
 * Folders that belong to one process at a time. An owner touches its folder; one not touched for the time of a lease
 * is taken over by another process, whole and by one only. This needs no more of a file system than atomic renames.
 */
import { mkdir, readdir, rename, rmdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 } from 'uuid'

export interface Lease {
  /** The folder that is ours now. */
  readonly path: string
  /**
   * Resolves while the folder is safely ours for some time to come. False: it was taken over, because this process stood
   * still for longer than the lease; `path` is then a new, empty one.
   */
  hold(): Promise<boolean>
  /** Whether nobody can have taken the folder over until now. */
  isCertain(): boolean
  /** Takes over folders that nobody holds: their files are moved into ours. */
  takeOver(): Promise<void>
  /** Removes the folder, or leaves it to whoever looks next where something is in it. */
  release(): Promise<void>
}

export async function openLease(directory: string, leaseMs: number): Promise<Lease> {
  let path = ''
  let touchedAt = 0

  async function begin(): Promise<void> {
    path = join(directory, v7())
    await mkdir(path, { recursive: true, mode: 0o700 })
    touchedAt = Date.now()
  }
  await begin()

  return {
    get path() {
      return path
    },
    async hold() {
      const now = Date.now()
      if (now - touchedAt < leaseMs / 4) return true
      try {
        await utimes(path, now / 1000, now / 1000)
        touchedAt = now
        return true
      } catch (error) {
        if (!isMissing(error)) throw error
        await begin()
        return false
      }
    },
    isCertain: () => Date.now() - touchedAt < leaseMs,
    async takeOver() {
      for (const name of await readdir(directory)) {
        const other = join(directory, name)
        if (other === path || !(await isAbandoned(other, leaseMs))) continue
        await rename(other, join(path, name)).catch(ignoreMissing)
      }
      await flatten(path, path).catch(ignoreMissing)
    },
    release: () => rmdir(path).catch(() => utimes(path, 0, 0)),
  }
}

async function isAbandoned(path: string, leaseMs: number): Promise<boolean> {
  const found = await stat(path).catch(ignoreMissing)
  return found !== undefined && found.isDirectory() && Date.now() - found.mtimeMs > leaseMs
}

/** Folders may hold folders: their owner was stopped in the middle of this. Missing is what was taken from us meanwhile. */
async function flatten(folder: string, into: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      await flatten(path, into)
      await rmdir(path)
    } else if (folder !== into) await rename(path, join(into, entry.name))
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
