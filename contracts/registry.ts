/** Which instances of which services run where. Processes of ours say it by a lease, other people's services by HTTP. */
import { z } from 'zod'
import { command, contract, query, stream } from './contract.ts'
import { replicaUpdate } from './replica.ts'

/** `starting → ready → draining`, or `down` while probes fail. Only `ready` instances get new work. */
export const InstanceState = z.enum(['starting', 'ready', 'draining', 'down'])

const Named = z.string().min(1).max(100)

const Announced = z.object({
  /** Of one start of a process; never used again. */
  id: z.uuid(),
  services: z.array(z.object({ name: Named, roles: z.array(Named) })).min(1),
  /** `tcp://host:port` or `unix:/path`. */
  address: z
    .string()
    .max(300)
    .regex(/^(tcp:\/\/.+:\d+|unix:.+)$/),
  version: z.string().max(100),
  state: InstanceState.exclude(['down']),
})

/** A service that speaks HTTP and gets what comes in below a path. */
const Proxied = z.object({
  /** `/legacy`: requests whose path is this or goes on below it. */
  pathPrefix: z
    .string()
    .max(200)
    .regex(/^(\/[\w~-][\w.~-]*)+$/),
  /** Path that answers 2xx while the instance is well. */
  healthPath: z.string().max(300).startsWith('/'),
})

export const ForeignInstance = Proxied.extend({
  service: Named,
  /** `http://host:port` or `https://…`. */
  address: z.url({ protocol: /^https?$/ }).max(300),
  version: z.string().max(100).default(''),
})

export const Instance = Announced.extend({
  services: z.array(
    z.object({
      name: z.string(),
      roles: z.array(z.string()),
      /** Share of new work of all instances of this version together. Null: every instance of the service has the same. */
      weight: z.int().min(0).max(1000).nullable(),
    }),
  ),
  address: z.string(),
  state: InstanceState,
  /** Null for our own, which speak RPC. */
  proxied: Proxied.nullable(),
  registeredAt: z.iso.datetime(),
})
export type Instance = z.output<typeof Instance>

export const registry = contract('registry', {
  summary: 'Knows which instances of which services run where, and pushes every change of it.',
  calls: {
    renewLease: command({
      summary:
        'Sent each second beside the open `lease`, on the same connection. An instance that is not known there opens the lease anew.',
      access: 'service',
      input: z.object({ id: z.uuid(), state: Announced.shape.state }),
      output: z.object({
        isKnown: z.boolean(),
        /** At which the table had this state first. */
        revision: z.int().nonnegative(),
      }),
      idempotency: 'none',
    }),
    putInstance: command(
      {
        summary:
          'Registers an instance of a service that speaks HTTP, or renews its lease. It gets traffic once its health path answers.',
        http: 'PUT /api/registry/instances/{id}',
        access: 'service',
        input: ForeignInstance.extend({
          id: z.uuid(),
          leaseSeconds: z.int().min(3).max(3600).default(15),
        }),
        output: Instance,
      },
      'removed 410',
    ),
    removeInstance: command({
      http: 'DELETE /api/registry/instances/{id} 204',
      access: 'service',
      input: z.object({ id: z.uuid() }),
      output: z.null(),
    }),
    listInstances: query({
      http: 'GET /api/registry/instances',
      access: 'admin',
      input: z.object({}),
      output: z.object({ items: z.array(Instance), revision: z.int(), isComplete: z.boolean() }),
    }),
    weighVersions: command({
      summary:
        'Shares new work between the versions of a service: `{"1.4.0": 90, "1.5.0": 10}`. Versions not named get 100; with none named, all instances are alike again.',
      http: 'PUT /api/registry/services/{service}/weights',
      access: 'admin',
      input: z.object({ service: Named, weights: z.record(z.string().max(100), z.int().min(0).max(1000)) }),
      output: z.object({ revision: z.int() }),
    }),
  },
  streams: {
    lease: stream({
      summary:
        'The lease of an instance: as long as the stream is open and renewed, the instance is registered. `conflict` for an id that was removed: take a new one.',
      access: 'service',
      input: Announced,
      output: z.object({ revision: z.int() }),
    }),
    instances: stream({
      summary: 'The table, pushed.',
      access: 'service',
      input: z.object({}),
      output: replicaUpdate(Instance),
    }),
  },
})
