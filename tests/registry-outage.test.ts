/** Both registries die at once and come back with nothing. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { openDatabase } from '#platform/database/pool.ts'
import { assertRemovalIsFinal, createInstallation, firstHeld, readyId } from './registry.ts'

const outageMs = Number(process.env.REGISTRY_OUTAGE_MS ?? 4_000)

suite('both registries are killed', { concurrency: true }, () => {
  for (const table of ['kept', 'lost'] as const)
    test(`for ${outageMs} ms, their table is ${table}: nobody who lives is forgotten`, async (t) => {
      await using installation = await createInstallation()
      const { startRegistry, startInstance, registryUrls } = installation
      const registries = await Promise.all([startRegistry(0), startRegistry(1)])
      await using both = await installation.follow(registryUrls.join(','))
      await using one = await installation.follow(registryUrls[0])
      const followers = [both, one]
      const programs = await Promise.all([startInstance(), startInstance(), startInstance()])
      const ids = await Promise.all(programs.map((program) => readyId(followers, program)))
      const [living, dead] = [ids.slice(0, 2), ids[2]!]

      const killedAt = Date.now()
      await Promise.all(registries.map((registry) => registry.stop('SIGKILL')))
      await programs[2].stop('SIGKILL')
      await sleep(outageMs)
      for (const follower of followers)
        assert.deepEqual(
          follower
            .instances()
            .map(({ id }) => id)
            .toSorted(),
          ids.toSorted(),
        )

      if (table === 'lost') {
        await using database = openDatabase({ url: installation.databaseUrl })
        await sql`delete from registry.instances`.execute(database.forService('registry'))
      }
      const backAt = Date.now()
      const restarted = await Promise.all([startRegistry(0), startRegistry(1)])
      for (const follower of followers) {
        const ms = (await firstHeld(follower, ({ states }) => !states.has(dead), backAt, 25_000)) - backAt
        t.diagnostic(`the dead one is out after ${ms} ms`)
      }
      for (const { history } of followers)
        for (const { states } of history.filter(({ at }) => at >= killedAt))
          for (const id of living) {
            const said = restarted.map((registry) => registry.output()).join('')
            assert.equal(states.get(id), 'ready', `${id} was ${states.get(id)}:\n${said}`)
          }
      for (const follower of followers) assertRemovalIsFinal(follower)
    })
})
