/**
 * Type tests: each `@ts-expect-error` names a mistake that must not compile. `tsc --noEmit` reports a directive that
 * expects an error where there is none, so this file fails when the kernel starts to accept one of them.
 */
import { z } from 'zod'
import { createClient, type Caller } from '#contracts/client.ts'
import { command, contract, page, pageInput, query, stream } from '#contracts/contract.ts'
import { defineService, subscription } from './service.ts'

const Parcel = z.object({ id: z.string(), grams: z.int() })

const depot = contract('depot', {
  calls: {
    listParcels: query({ access: 'public', input: z.object(pageInput), output: page(Parcel) }),
    sendParcel: command(
      { http: 'POST /parcels 201', access: 'account', input: Parcel, output: Parcel },
      'tooHeavy',
      'gone 410',
    ),
  },
  streams: { arrivals: stream({ access: 'public', input: z.object({}), output: Parcel }) },
  events: { parcelSent: Parcel },
})

const parcel = { id: 'a', grams: 1 }
const listParcels = async () => ({ items: [parcel], nextCursor: null })
async function* arrivals() {
  yield parcel
}

export const complete = defineService({
  contract: depot,
  calls: {
    listParcels,
    async sendParcel(input, context) {
      if (input.grams > 1000) context.fail('tooHeavy')
      await context.publish('parcelSent', input)
      return input
    },
  },
  streams: { arrivals },
})

export const withoutAHandler = defineService({
  contract: depot,
  // @ts-expect-error -- sendParcel has no handler
  calls: { listParcels },
  streams: { arrivals },
})

// @ts-expect-error -- the streams have no handlers
export const withoutStreams = defineService({
  contract: depot,
  calls: { listParcels, sendParcel: async () => parcel },
})

export const withAWrongAnswer = defineService({
  contract: depot,
  // @ts-expect-error -- grams is a number
  calls: { listParcels, sendParcel: async () => ({ id: 'a', grams: 'heavy' }) },
  streams: { arrivals },
})

export const withWrongEventsAndErrors = defineService({
  contract: depot,
  calls: {
    async listParcels(input, context) {
      // @ts-expect-error -- a query declares no error of its own here
      if (input.limit === 1) context.fail('tooHeavy')
      return listParcels()
    },
    async sendParcel(input, context) {
      // @ts-expect-error -- not declared
      if (input.grams === 1) context.fail('outOfStock')
      // @ts-expect-error -- declared as 'gone 410', so its code is gone
      if (input.grams === 2) context.fail('gone 410')
      // @ts-expect-error -- no such event
      await context.publish('parcelLost', input)
      // @ts-expect-error -- the payload lacks grams
      await context.publish('parcelSent', { id: 'a' })
      return input
    },
  },
  streams: { arrivals },
})

export const withATransactionInAQuery = defineService({
  contract: contract('kiosk', {
    calls: { look: query({ access: 'public', input: Parcel, output: Parcel }) },
  }),
  calls: {
    async look(input, context) {
      // @ts-expect-error -- a query has no transaction
      await context.tx.selectFrom('parcels').execute()
      return input
    },
  },
})

// @ts-expect-error -- access is required
export const withoutAccess = query({ input: Parcel, output: Parcel })

// @ts-expect-error -- no such access
export const withUnknownAccess = query({ access: 'everybody', input: Parcel, output: Parcel })

// @ts-expect-error -- a door is a method and a path
export const withABadDoor = query({ http: '/parcels', access: 'public', input: Parcel, output: Parcel })

export const sorted = subscription({
  name: 'depot.sortParcels',
  event: depot.events.parcelSent,
  // @ts-expect-error -- the payload has no weight
  handle: async (deliveries) => void deliveries.map(({ payload }) => payload.weight),
})

export async function callsThroughTheClient(caller: Caller): Promise<void> {
  const client = createClient(depot, caller)
  const sent = await client.sendParcel(parcel)
  sent.grams satisfies number
  // @ts-expect-error -- no such call
  await client.loseParcel(parcel)
  // @ts-expect-error -- grams is missing
  await client.sendParcel({ id: 'a' })
}
