/** Imports in a process of its own, that is killed. Arguments: database, folder of the stores. */
import { openBlobs } from '#platform/blobs/open.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { silentLogger } from '#platform/log.ts'
import { openLocalSignals } from '#platform/signals/local.ts'
import { openTransfers } from '../runner.ts'
import type { TransferTools } from '../tools.ts'

const [url, folder] = process.argv.slice(2)
const db = openDatabase({ url: url!, poolSize: 4 }).forService('mail')
const blobs = await openBlobs(`file:${folder}/mail`)
const uploads = await openBlobs(`file:${folder}/uploads`)
const signals = openLocalSignals({ log: silentLogger })
openTransfers({ db, blobs, uploads, signals, log: silentLogger, settings: {} } as unknown as TransferTools, {
  everyMs: 20,
  leaseSeconds: 1,
})
