import { mkdtemp, chmod, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNameServer } from '#services/mail/testing/name-server.ts'
import { installDebianPackages } from '../tools/debian.ts'
import { ownDomain } from '../tests/mail/mail-program.ts'
import { compare, interleave, type Bench } from './bench.ts'
import { startOurs, startPostfixDovecot, type Contender, type Ours } from './smtp/contenders.ts'
import { bigMessageGrowthMb, idleConnectionsMb, inboxPageMs } from './smtp/figures.ts'
import { makeKey, senderZone } from './smtp/letters.ts'
import { openLoad } from './smtp/load.ts'

const sessions = 20
const messages = Number(process.env.BENCH_MESSAGES ?? 1_500)
const rounds = Number(process.env.BENCH_ROUNDS ?? 4)
const recipients = Array.from({ length: 20 }, (_, index) => `person${index}@${ownDomain}`)

export default {
  name: 'smtp',
  summary:
    `Messages of 10 KiB a second until they are durable in mailboxes, ${sessions} sessions of one sender, ${recipients.length} ` +
    'recipients, everything on 127.0.0.1. Ours: the whole program in one process on its own Postgres (fsync on), with SPF, ' +
    'DKIM and DMARC against a local name server, spam model, categories and search index, answered 250 = in the mailbox. ' +
    "Beside it Debian's Postfix → LMTP → Dovecot (Maildir) without a filter, and the same with rspamd as milter, until the " +
    'last message is in its Maildir. `letters`: no two the same, signed; `smtp-source`: what that tool makes up (-l 10240 -d). ' +
    'Medians of interleaved rounds. storage: bytes of our blobs over raw bytes; the database is told beside.',
  async run() {
    installDebianPackages(['postfix', 'dovecot-lmtpd', 'rspamd'])
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'dakghar-bench-smtp-'))
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
    await chmod(folder, 0o755)
    const privateKey = makeKey()
    const names = stack.use(await startNameServer(senderZone(privateKey)))
    const ours = stack.use(await startOurs(join(folder, 'ours'), recipients, names.address))
    const postfix = stack.use(await startPostfixDovecot(join(folder, 'postfix')))
    const rspamd = stack.use(await startPostfixDovecot(join(folder, 'rspamd'), names.address))
    const contenders: Record<string, Contender> = {
      ours,
      postfix_dovecot: postfix,
      postfix_rspamd_dovecot: rspamd,
    }
    const load = stack.use(openLoad({ sessions, messages, recipients, privateKey }))

    // Before any load: what a load leaves unused would hide what these need.
    const idle = await idleConnectionsMb(ours)
    const big = await bigMessageGrowthMb(ours)
    const before = await storedBy(ours, postfix)

    const letters = compare(
      await interleave(
        mapValues(contenders, (each) => () => load.letters(each)),
        rounds,
      ),
      'ours',
      'letters/s',
    )
    const stored = storedOver(load.rawBytes, before, await storedBy(ours, postfix), [ours, postfix])
    const generated = compare(
      await interleave(
        mapValues(contenders, (each) => () => load.smtpSource(each)),
        Math.ceil(rounds / 2),
      ),
      'ours',
      'messages/s',
    )
    const inbox = await inboxPageMs(ours)
    return {
      ratios: {
        ...letters.ratios,
        ...mapKeys(generated.ratios, (name) => `smtp_source_${name}`),
        ...stored,
        inbox_p95_ms: inbox,
        idle_1000_mb: idle,
        message_50mb_mb: big,
      },
      table: [
        ...letters.table.map((row) => ({ ...row, name: `letters, ${row.name}` })),
        ...generated.table.map((row) => ({ ...row, name: `smtp-source, ${row.name}` })),
      ],
    }
  },
} satisfies Bench

interface Stored {
  ours: { apparent: number; allocated: number }
  database: number
  theirs: { apparent: number; allocated: number }
}

async function storedBy(ours: Ours, dovecot: Contender): Promise<Stored> {
  return { ours: await ours.storage(), database: await ours.databaseBytes(), theirs: await dovecot.storage() }
}

/** What was added for each raw byte. */
function storedOver(
  rawBytes: ReadonlyMap<Contender, number>,
  before: Stored,
  after: Stored,
  [ours, dovecot]: [Contender, Contender],
) {
  const [ourRaw, theirRaw] = [rawBytes.get(ours)!, rawBytes.get(dovecot)!]
  return {
    storage: share(after.ours.apparent - before.ours.apparent, ourRaw),
    storage_blocks: share(after.ours.allocated - before.ours.allocated, ourRaw),
    storage_database: share(after.database - before.database, ourRaw),
    storage_dovecot: share(after.theirs.apparent - before.theirs.apparent, theirRaw),
    storage_dovecot_blocks: share(after.theirs.allocated - before.theirs.allocated, theirRaw),
  }
}

function share(bytes: number, raw: number): number {
  return Math.round((bytes / raw) * 100) / 100
}

function mapValues<In, Out>(record: Record<string, In>, change: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}

function mapKeys<Value>(
  record: Record<string, Value>,
  change: (name: string) => string,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [change(name), value]))
}
