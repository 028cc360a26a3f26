import type { Instance } from '#contracts/registry.ts'
import { replicaSource } from '#platform/replica/source.ts'
import { readTable } from './store/table.ts'

/** The table of instances, pushed to every process. */
export const instances = replicaSource<Instance>({ topic: 'registry.instances', read: readTable })
