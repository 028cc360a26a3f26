import { z } from 'zod'
import { contract, query } from './contract.ts'
import { PolicyName } from './identity/protection.ts'
import { Problem } from './problem.ts'
import { Instance } from './registry.ts'

const Wish = z.object({
  /** Of a query that has an HTTP door: `identity.showMe`. */
  query: z.string().max(100),
  input: z.unknown().optional(),
})

/** Requests a second, over the last ten seconds. */
const perSecond = z.number()

/** What one gateway knows and does. */
export const GatewayView = z.object({
  registry: z.object({
    /** Of the table it holds; 0 while it has none. */
    revision: z.int(),
    /** Since the registry was last heard; null while it never was. */
    silentMs: z.number().nullable(),
  }),
  perSecond,
  openSockets: z.int(),
  blocked: z.object({
    /** Addresses refused for a time. */
    offenders: z.int(),
    /** On the blocklist. */
    ranges: z.int(),
  }),
  /** How it fares with the instances that it sends work to. */
  traffic: z.array(
    z.object({
      instanceId: z.string(),
      service: z.string(),
      isReady: z.boolean(),
      pending: z.int(),
      perSecond,
      /** Since it knows the instance. */
      failures: z.int(),
      ejectedUntil: z.iso.datetime().nullable(),
    }),
  ),
})
export type GatewayView = z.output<typeof GatewayView>

export const Topology = z.object({
  revision: z.int(),
  instances: z.array(
    Instance.pick({ id: true, address: true, version: true, state: true, registeredAt: true }).extend({
      services: z.array(
        Instance.shape.services.element.extend({
          /** Sums over the gateways. */
          perSecond,
          pending: z.int(),
          /** Ids of gateways that don't use it for the moment. */
          ejectedBy: z.array(z.string()),
        }),
      ),
    }),
  ),
  gateways: z.array(z.object({ instanceId: z.string(), view: GatewayView.nullable() })),
})
export type Topology = z.output<typeof Topology>

/** What one gateway answered in a slot of `sampleSeconds`. */
export const GatewaySample = z.object({
  /** Milliseconds since the epoch, a multiple of the slot: those of several gateways can be added up. */
  at: z.int(),
  requests: z.int(),
  /** With a status of 500 or more. */
  errors: z.int(),
  /** How many took longer than the bound before and not longer than this one, by bound in milliseconds; `Infinity` is the last. */
  durations: z.record(z.string(), z.int()),
})
export type GatewaySample = z.output<typeof GatewaySample>

export const sampleSeconds = 5

export const Health = z.object({
  /** Gateways whose figures are in it. */
  gateways: z.int(),
  /** One for each `sampleSeconds` of the last 15 minutes, oldest first. */
  samples: z.array(
    z.object({
      at: z.iso.datetime(),
      perSecond: z.number(),
      errorsPerSecond: z.number(),
      /** Times to answer; null where nothing was asked. */
      medianMs: z.number().nullable(),
      p95Ms: z.number().nullable(),
      p99Ms: z.number().nullable(),
    }),
  ),
})
export type Health = z.output<typeof Health>

/** A limit as it counts now. Rates are like `100/15m`, or `none`. */
export const LimitView = z.object({
  id: PolicyName,
  rate: z.string(),
  /** What counts without a policy. */
  setting: z.string(),
})

export const gateway = contract('gateway', {
  summary: 'The only HTTP server: reads requests, makes the calls of every contract, writes the answers.',
  calls: {
    combine: query({
      summary:
        'Several queries in one request. Each answers or fails for itself; one that takes longer than 2 s fails. `isPartial` tells that not all answered.',
      http: 'POST /api/combine',
      access: 'public',
      input: z.object({
        wishes: z
          .record(z.string().min(1).max(50), Wish)
          .refine((wishes) => Object.keys(wishes).length <= 20, {
            message: 'at most 20 queries',
          }),
      }),
      output: z.object({
        isPartial: z.boolean(),
        answers: z.record(
          z.string(),
          z.union([z.object({ output: z.unknown() }), z.object({ problem: Problem })]),
        ),
      }),
    }),
    showTopology: query({
      summary: 'Every instance of every service, and how each gateway fares with it.',
      http: 'GET /api/topology',
      access: 'admin',
      input: z.object({}),
      output: Topology,
    }),
    showHealth: query({
      summary: 'Requests, errors and times to answer of all gateways over the last 15 minutes.',
      http: 'GET /api/topology/health',
      access: 'admin',
      input: z.object({}),
      output: Health,
    }),
    showLimits: query({
      summary: 'How often which callers may call, at this gateway.',
      http: 'GET /api/topology/limits',
      access: 'admin',
      input: z.object({}),
      output: z.object({ items: z.array(LimitView) }),
    }),
    showSamples: query({
      summary: "This gateway's part of `showHealth`.",
      access: 'service',
      input: z.object({}),
      output: z.object({ samples: z.array(GatewaySample) }),
      deadlineMs: 1_000,
    }),
    showView: query({
      summary: 'What this gateway knows; a gateway whose view is null in the topology did not answer this.',
      access: 'service',
      input: z.object({}),
      output: GatewayView,
      deadlineMs: 1_000,
    }),
  },
})
