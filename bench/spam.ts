import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { evaluate } from '../tools/spam/evaluate.ts'
import type { Bench } from './bench.ts'
import { unpackCorpus } from './spam/corpus.ts'
import { runBogofilter } from './spam/bogofilter.ts'
import { runRspamd } from './spam/rspamd.ts'
import { runSpamAssassin } from './spam/spamassassin.ts'

/** Of the slow ones, the first so many messages in protocol order. */
const slowLimit = 800

const spam: Bench = {
  name: 'spam',
  summary:
    'Public SpamAssassin corpus, 6,046 messages in the fixed order of ORDER.tsv, TREC online protocol: judge, then learn the true ' +
    'label, one account. Ours starts from the shipped model (trained without this corpus), bogofilter, rspamd and SpamAssassin from ' +
    `nothing but their rules; without network. rspamd and SpamAssassin see the first ${slowLimit} messages only, with ours on the same ` +
    'ones beside. What bogofilter calls unsure counts as let through. fresh: ours without learning. Messages a CPU second: parse, judge and learn, from raw bytes in memory.',
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'dakghar-bench-spam-'))
    try {
      const index = await unpackCorpus(folder)
      // The first run warms up the compiler, as a server is warm.
      await evaluate(index, { isOnline: true, limit: slowLimit })
      const online = await evaluate(index, { isOnline: true })
      const fresh = await evaluate(index, { isOnline: false })
      const onlineHead = await evaluate(index, { isOnline: true, limit: slowLimit })
      const bogofilter = await runBogofilter(index, folder)
      const rspamd = await runRspamd(index, folder, slowLimit)
      const spamAssassin = await runSpamAssassin(index, folder, slowLimit)
      return {
        ratios: {
          roca: round(online.missedArea),
          bogofilter_roca: round(bogofilter.missedArea / online.missedArea),
          fresh_roca: round(fresh.missedArea),
          fp: round(Math.max(online.falsePositives, fresh.falsePositives)),
          messages_per_cpu_second: Math.round(online.messagesPerCpuSecond),
          account_kb: Math.ceil(online.accountBytes / 1000),
        },
        table: [
          row('dakghar, online', online),
          row('bogofilter, online', bogofilter),
          row('dakghar, fresh', fresh),
          row(`dakghar, online, first ${slowLimit}`, onlineHead),
          row(`rspamd, online, first ${slowLimit}`, rspamd),
          row(`SpamAssassin, online, first ${slowLimit}`, spamAssassin),
        ],
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

export default spam

function row(
  name: string,
  figures: {
    falsePositives: number
    falseNegatives: number
    missedArea: number
    messagesPerCpuSecond: number
  },
) {
  return {
    name,
    'FP %': round(figures.falsePositives),
    'FN %': round(figures.falseNegatives),
    '(1-ROCA) %': round(figures.missedArea),
    'messages/CPU s': Math.round(figures.messagesPerCpuSecond),
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
