/** An installation of separate processes, and followers in this one that remember all they ever knew. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from '#contracts/registry.ts'
import { testDatabase } from '#platform/database/testing.ts'
import type { Directory } from '#platform/host/directory.ts'
import depotService from '#platform/testing/depot/service.ts'
import { testHost } from '#platform/testing/host.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { startProgram, temporaryFolder, type Program } from './program.ts'

/** What a follower held from one moment on. */
export interface Held {
  at: number
  /** By id. */
  states: ReadonlyMap<string, Instance['state']>
}

export interface Follower extends AsyncDisposable {
  /** Oldest first. */
  history: Held[]
  directory: Directory
  /** Those of the service `bus`. */
  instances(): Instance[]
}

export interface Installation extends AsyncDisposable {
  databaseUrl: string
  /** Of the two registries. */
  registryUrls: readonly [string, string]
  startRegistry(which: 0 | 1): Promise<Program>
  /** A process that answers calls: the service `bus`. */
  startInstance(settings?: Record<string, string>): Promise<Program>
  /** Follows by these registries. */
  follow(registryUrl: string): Promise<Follower>
}

/** Nothing runs yet. Disposing kills what does. */
export async function createInstallation(): Promise<Installation> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const database = stack.use(await testDatabase([]))
  const urls = [`tcp://127.0.0.1:${await freePort()}`, `tcp://127.0.0.1:${await freePort()}`] as const
  const shared = {
    CLUSTER_KEY: 'the cluster key of these tests',
    SERVICE_KEY: 'the service key of these tests',
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '6',
    SIGNALS_URL: 'postgres:',
    REGISTRY_URL: urls.join(','),
    OPS_PORT: '0',
    LOG_SHIP: 'false',
  }
  const start = async (words: string[], settings: Record<string, string>) => {
    const directory = join(folder.path, randomBytes(4).toString('hex'))
    return opened.use(await startProgram(words, { ...shared, DATA_DIR: directory, ...settings }))
  }
  const opened = stack.move()
  return {
    databaseUrl: database.url,
    registryUrls: urls,
    startRegistry: (which) => start(['registry'], { RPC_ADDRESS: urls[which] }),
    startInstance: (settings = {}) => start(['bus'], { RPC_ADDRESS: 'tcp://127.0.0.1:0', ...settings }),
    async follow(registryUrl) {
      const host = opened.use(
        await testHost({
          services: [depotService],
          roles: ['depot/sorter'],
          settings: { ...shared, REGISTRY_URL: registryUrl },
        }),
      )
      return recorded(host.directory, async () => host[Symbol.asyncDispose]())
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function recorded(directory: Directory, dispose: () => Promise<void>): Follower {
  const history: Held[] = []
  const note = () => {
    const rows = directory.table!.rows.values()
    history.push({ at: Date.now(), states: new Map(rows.map(({ id, state }) => [id, state])) })
  }
  note()
  directory.onChange(note)
  return {
    history,
    directory,
    instances: () =>
      [...directory.table!.rows.values()].filter(({ services }) => services[0]?.name === 'bus'),
    [Symbol.asyncDispose]: dispose,
  }
}

/** When the follower first held a state like this, from `since` on. Fails after `timeoutMs`. */
export async function firstHeld(
  { history }: Follower,
  isWanted: (held: Held) => boolean,
  since: number,
  timeoutMs = 15_000,
): Promise<number> {
  for (;;) {
    const found = history.find((held, i) => (history[i + 1]?.at ?? Infinity) >= since && isWanted(held))
    if (found) return Math.max(found.at, since)
    assert.ok(Date.now() - since < timeoutMs, `still ${JSON.stringify([...(history.at(-1)?.states ?? [])])}`)
    await sleep(5)
  }
}

/** The id of what runs at the address, once every follower has it `ready`. */
export async function readyId(followers: readonly Follower[], program: Program): Promise<string> {
  const address = program.address('RPC')
  let id = ''
  for (const { directory } of followers)
    for (let tries = 0; ; tries++) {
      const found = directory.endpoints('bus').find((endpoint) => endpoint.address === address)
      if (found) {
        id = found.id
        break
      }
      assert.ok(tries < 1_500, `${address} is not ready`)
      await sleep(10)
    }
  return id
}

/** Fails when the follower ever held an id again that it had seen go. */
export function assertRemovalIsFinal({ history }: Follower): void {
  const gone = new Set<string>()
  let before: Held['states'] = new Map()
  for (const { states } of history) {
    for (const id of before.keys()) if (!states.has(id)) gone.add(id)
    for (const id of states.keys()) assert.ok(!gone.has(id), `${id} came back`)
    before = states
  }
}
