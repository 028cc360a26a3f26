/**
 * Knows which instances of which services run where, and pushes every change of it, so that nobody has to ask.
 * Keeps the table of instances with its revisions; leases are held in memory, each by one registry.
 * Every process registers itself and follows the table; other people's services register over HTTP or by a file.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from '#contracts/registry.ts'
import { text } from '#platform/config.ts'
import { runJobs } from '#platform/host/jobs.ts'
import { defineService, type ServiceContext } from '#platform/service.ts'
import { leasesOf } from './leases.ts'
import { prober, rpcProbe } from './probe.ts'
import { fileMark, readStaticFile } from './static-file.ts'
import { listProbed, putForeign, setHealth, syncFile } from './store/foreign.ts'
import { forgetRemoved, readTable, removeInstances, showInstance, weighVersions } from './store/table.ts'
import { instances } from './table.ts'

const settings = {
  REGISTRY_FILE: text(
    'JSON file of services that others wrote: {"instances": [{"service", "address", "pathPrefix", "healthPath", "version"?}]}; the same for every registry.',
  ),
}

type Context = ServiceContext<typeof settings>

/** The prober hands its lock on now and then. */
const roundsInTurn = 30
const roundMs = 2_000
const fileCheckMs = 1_000

export default defineService({
  contract: registry,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  calls: {
    renewLease: {
      async opensTransaction({ id, state }, context) {
        const revision = await leasesOf(context).renew(id, state)
        return { isKnown: revision !== undefined, revision: revision ?? 0 }
      },
    },
    async putInstance(input, context) {
      if (!(await putForeign(context.tx, input))) context.fail('removed', 'Register under a new id.')
      context.afterCommit(() => instances.changed(context))
      return (await showInstance(context.tx, input.id))!
    },
    async removeInstance({ id }, context) {
      const removed = await removeInstances(context.tx, [id])
      if (removed.length === 0) context.fail('notFound')
      context.afterCommit(() => instances.changed(context))
      return null
    },
    async listInstances(_, context) {
      const { put, revision, isComplete } = await readTable(context.db, undefined)
      return { items: put, revision, isComplete }
    },
    async weighVersions({ service, weights }, context) {
      const revision = await weighVersions(context.tx, service, weights)
      context.afterCommit(() => instances.changed(context))
      return { revision }
    },
  },
  streams: {
    lease: (announced, context) => leasesOf(context).hold(announced, context),
    async *instances(_, context) {
      await leasesOf(context).open()
      yield* instances.updates(context)
    },
  },
  roles: {
    api: {
      summary: 'answers the calls and streams, holds leases and probes',
      jobs: [{ name: 'forgetRemoved', everyMs: 600_000, run: ({ db }) => forgetRemoved(db) }],
      async start(context, process) {
        await using stack = new AsyncDisposableStack()
        const probe = rpcProbe(process)
        stack.use(leasesOf(context).run(probe, process.stopping))
        const probeAll = prober(probe)
        const jobs = [{ name: 'probe', everyMs: roundMs, run: probeRounds(probeAll) }]
        stack.use(runJobs(jobs, context))
        stack.use(await followFile(context))
        const opened = stack.move()
        return { [Symbol.asyncDispose]: () => opened.disposeAsync() }
      },
    },
  },
})

/** Runs under a lock: one registry probes at a time. Health only subtracts. */
function probeRounds(probeAll: ReturnType<typeof prober>) {
  return async (context: ServiceContext & { signal: AbortSignal }) => {
    const { db, signal } = context
    for (let round = 0; round < roundsInTurn && !signal.aborted; round++) {
      const health = await probeAll(await listProbed(db))
      if (health.up.length + health.down.length > 0) {
        await setHealth(db, health)
        instances.changed(context)
        context.log.info(health, 'health has changed')
      }
      await sleep(roundMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Rejects when the file can't be read at start; later a bad file changes nothing. */
async function followFile(context: Context): Promise<AsyncDisposable> {
  const { REGISTRY_FILE: path } = context.settings
  if (path !== undefined) await readStaticFile(path)
  let synced: string | undefined | null = null
  const run = async () => {
    const mark = path === undefined ? undefined : await fileMark(path)
    if (mark === synced) return
    synced = mark
    const wanted = path === undefined ? [] : await readStaticFile(path)
    if (await syncFile(context.db, wanted)) instances.changed(context)
  }
  return runJobs([{ name: 'followFile', everyMs: fileCheckMs, run }], context)
}
