/**
 * The service that the host's own tests run: a parcel depot.
 * Keeps parcels and arrivals, without unique keys, so that anything done twice shows.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { command, contract, query, stream } from '#contracts/contract.ts'
import { defineService, subscription } from '#platform/service.ts'

const Parcel = z.object({ id: z.string().min(1), grams: z.int().min(1) })

export const depot = contract('depot', {
  summary: 'Takes parcels.',
  calls: {
    sendParcel: command(
      { http: 'POST /api/parcels 201', access: 'public', input: Parcel, output: Parcel },
      'tooHeavy',
      'closed 410',
    ),
    sendSlowly: command({ access: 'public', input: Parcel.extend({ ms: z.int() }), output: Parcel }),
    countParcels: query({
      http: 'GET /api/parcels/count',
      access: 'public',
      input: z.object({}),
      output: z.object({ parcels: z.int(), arrivals: z.int() }),
      etag: true,
    }),
    wait: query({
      access: 'public',
      input: z.object({ ms: z.int() }),
      output: z.object({ waited: z.boolean() }),
    }),
    stumble: query({
      access: 'public',
      input: z.object({ how: z.enum(['bug', 'badAnswer', 'undeclared']) }),
      output: Parcel,
    }),
    lookAround: query({
      access: 'account',
      input: z.object({}),
      output: z.object({ kind: z.string(), traceId: z.string() }),
    }),
    inspect: query({ access: 'admin', input: z.object({}), output: z.object({}) }),
    relay: query({
      access: 'public',
      input: z.object({}),
      output: z.object({ kind: z.string(), traceId: z.string() }),
    }),
    openVault: command({
      access: 'service',
      input: z.object({}),
      output: z.object({ secret: z.string() }),
      idempotency: 'none',
    }),
  },
  streams: {
    count: stream({ access: 'public', input: z.object({ to: z.int() }), output: z.int() }),
  },
  events: { parcelSent: Parcel },
})

let vaultOpenings = 0

export default defineService({
  contract: depot,
  migrations: new URL('./migrations/', import.meta.url),
  calls: {
    async sendParcel(input, context) {
      await context.tx.insertInto('parcels').values(input).execute()
      await context.publish('parcelSent', input)
      if (input.grams > 1000) context.fail('tooHeavy', 'A parcel weighs at most 1 kg.')
      return input
    },
    async sendSlowly({ ms, ...parcel }, context) {
      await context.tx.insertInto('parcels').values(parcel).execute()
      await sleep(ms)
      return parcel
    },
    async countParcels(_input, context) {
      const count = (table: string) =>
        context.db
          .selectFrom(table)
          .select(context.db.fn.countAll<number>().as('n'))
          .executeTakeFirstOrThrow()
      const [parcels, arrivals] = await Promise.all([count('parcels'), count('arrivals')])
      return { parcels: parcels.n, arrivals: arrivals.n }
    },
    async wait({ ms }, context) {
      await sleep(ms, undefined, { signal: context.signal })
      return { waited: true }
    },
    async stumble({ how }, context) {
      if (how === 'bug') throw new Error('secret detail')
      if (how === 'undeclared') throw Object.assign(new Error('x'), { code: 'tooHeavy' })
      return { id: context.service, grams: 0 }
    },
    async lookAround(_input, context) {
      return { kind: context.identity.kind, traceId: context.trace.traceId }
    },
    async inspect() {
      return {}
    },
    relay: (_input, context) => context.client(depot, { as: 'service' }).lookAround({}),
    async openVault() {
      return { secret: `opening ${++vaultOpenings}` }
    },
  },
  streams: {
    async *count({ to }) {
      for (let i = 1; i <= to; i++) yield i
    },
  },
  roles: {
    sorter: {
      summary: 'notes arrivals',
      subscriptions: [
        subscription({
          name: 'depot.noteArrivals',
          event: depot.events.parcelSent,
          batch: 10,
          async handle(deliveries, { tx }) {
            const rows = deliveries.map(({ payload }) => ({ parcel_id: payload.id, grams: payload.grams }))
            await tx.insertInto('arrivals').values(rows).execute()
          },
        }),
      ],
    },
  },
})
