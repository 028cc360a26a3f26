/** A process that delivers until it is killed. Run by `kill.test.ts`, which gives its options as JSON. */
import { openBlobs } from '#platform/blobs/open.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { silentLogger } from '#platform/log.ts'
import { openLocalSignals } from '#platform/signals/local.ts'
import { openResolver } from '../authentication/resolver.ts'
import { startDeliverer } from './deliverer.ts'

const { databaseUrl, blobsUrl, nameServer, port, domain } = JSON.parse(process.argv[2] ?? '{}') as {
  databaseUrl: string
  blobsUrl: string
  nameServer: string
  port: number
  domain: string
}
startDeliverer(
  {
    db: openDatabase({ url: databaseUrl, poolSize: 10 }).forService('mail'),
    blobs: await openBlobs(blobsUrl),
    signals: openLocalSignals({ log: silentLogger }),
    log: silentLogger,
  },
  {
    resolver: openResolver({ servers: [nameServer] }),
    hostName: `mail.${domain}`,
    domain,
    privateTargets: '127.0.0.0/8',
    port,
    pollMs: 100,
    deliverHere: async ({ recipients }) =>
      recipients.map((address) => ({ address, outcome: 'later', answer: '451 4.3.0 Not here' })),
  },
)
