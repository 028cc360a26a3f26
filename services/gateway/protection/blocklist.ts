/** Addresses that may not come in at all, as the identity service has them. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Client } from '#contracts/client.ts'
import { BlockedRange, type identity } from '#contracts/identity.ts'
import type { Logger } from '#platform/log.ts'
import { follow } from '#platform/replica/follow.ts'
import type { ClientAddress } from './address.ts'
import { rangeTable, type RangeTable } from './ranges.ts'

type Range = z.output<typeof BlockedRange>

export interface Blocklist {
  /** Ranges on it, expired ones included until the list is replaced. */
  readonly size: number
  isBlocked(address: ClientAddress): boolean
  replace(ranges: readonly Range[]): void
}

/** `onReplace` is told after each change. */
export function createBlocklist(onReplace: () => void): Blocklist {
  let table = tableOf([])
  /** Addresses that are in no range of the present table. */
  let innocent = new WeakSet<ClientAddress>()
  return {
    get size() {
      return table.size
    },
    isBlocked(address) {
      if (table.size === 0 || innocent.has(address)) return false
      const now = Date.now()
      if (table.find(address, ({ until }) => until > now)) return true
      innocent.add(address)
      return false
    },
    replace(ranges) {
      table = tableOf(ranges)
      innocent = new WeakSet()
      onReplace()
    },
  }
}

function tableOf(ranges: readonly Range[]): RangeTable<{ until: number }> {
  return rangeTable(
    ranges.map(
      ({ range, expiresAt }) => [range, { until: expiresAt ? Date.parse(expiresAt) : Infinity }] as const,
    ),
  )
}

/**
 * Keeps the blocklist as the identity service pushes it, and on disk: a gateway that starts while that service is down
 * refuses whom it refused before.
 */
export async function followBlocklist(
  blocklist: Blocklist,
  { client, directory, log }: { client: Client<typeof identity>; directory: string; log: Logger },
): Promise<AsyncDisposable> {
  const file = join(directory, 'blocklist.json')
  const kept = await readKept(file, log)
  if (kept) blocklist.replace(kept)
  let written = Promise.resolve()
  const replica = follow({ name: 'blocklist', open: (signal) => client.blocklist({}, { signal }), log })
  replica.onChange(() => {
    const ranges = [...replica.rows.values()]
    blocklist.replace(ranges)
    written = written
      .then(() => keep(file, ranges))
      .catch((error: unknown) => log.warn({ err: error, file }, 'the blocklist can not be kept on disk'))
  })
  return {
    async [Symbol.asyncDispose]() {
      await replica[Symbol.asyncDispose]()
      await written
    },
  }
}

async function readKept(file: string, log: Logger): Promise<Range[] | undefined> {
  try {
    return z.array(BlockedRange).parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error, file }, 'the kept blocklist can not be read')
    return undefined
  }
}

/** Whoever reads it finds the old list or the new one. */
async function keep(file: string, ranges: Range[]): Promise<void> {
  const draft = `${file}.${process.pid}`
  await writeFile(draft, JSON.stringify(ranges), { mode: 0o600 })
  await rename(draft, file)
}
