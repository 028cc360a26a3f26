/** Works on imports and exports, a few at a time; what a process that died has begun, another goes on with. */
import { randomUUID } from 'node:crypto'
import {
  claimTransfer,
  endTransfer,
  releaseTransfer,
  renewTransfer,
  type StoredTransfer,
} from '../store/transfers.ts'
import { runExport } from './export/run.ts'
import { ImportError } from './import/import-error.ts'
import { runImport } from './import/run.ts'
import { LostTransfer, transfersTopic, type TransferTools } from './tools.ts'

export interface RunnerOptions {
  atOnce?: number
  leaseSeconds?: number
  everyMs?: number
}

const retrySeconds = 30
/** One that does not come on is given up. */
const mostAttempts = 6

export function openTransfers(tools: TransferTools, options: RunnerOptions = {}): AsyncDisposable {
  const { atOnce = 2, leaseSeconds = 30, everyMs = 5_000 } = options
  const { db, signals, log } = tools
  const owner = randomUUID()
  const stopped = new AbortController()
  const running = new Set<Promise<void>>()
  let claiming: Promise<void> | undefined

  async function claim(): Promise<void> {
    while (running.size < atOnce && !stopped.signal.aborted) {
      const transfer = await claimTransfer(db, owner, leaseSeconds)
      if (!transfer) return
      const work = workOn(transfer).finally(() => {
        running.delete(work)
        look()
      })
      running.add(work)
    }
  }

  function look(): void {
    if (stopped.signal.aborted) return
    claiming ??= claim()
      .catch((error: unknown) => log.warn({ err: error }, 'imports and exports could not be looked for'))
      .finally(() => (claiming = undefined))
  }

  async function workOn(transfer: StoredTransfer): Promise<void> {
    const lost = new AbortController()
    const signal = AbortSignal.any([stopped.signal, lost.signal])
    const renewal = setInterval(
      () => {
        renewTransfer(db, transfer.id, owner, leaseSeconds)
          .then((isOurs) => isOurs || lost.abort(new LostTransfer()))
          .catch((error: unknown) => log.warn({ err: error }, 'the hold on a transfer could not be renewed'))
      },
      (leaseSeconds * 1000) / 3,
    )
    try {
      await (transfer.kind === 'import' ? runImport : runExport)(tools, transfer, owner, signal)
      log.info({ transfer: transfer.id, kind: transfer.kind }, 'a transfer is done')
    } catch (error) {
      await settle(tools, transfer, { owner, error, isStopping: stopped.signal.aborted }).catch(
        (err: unknown) =>
          log.error({ err, transfer: transfer.id }, 'the end of a transfer could not be written'),
      )
    } finally {
      clearInterval(renewal)
    }
  }

  const timer = setInterval(look, everyMs)
  const stopListening = signals.listen(transfersTopic, look)
  look()
  return {
    async [Symbol.asyncDispose]() {
      stopped.abort(new LostTransfer())
      clearInterval(timer)
      stopListening()
      await claiming
      await Promise.allSettled(running)
    },
  }
}

async function settle(
  { db, log }: TransferTools,
  { id, attempts }: StoredTransfer,
  { owner, error, isStopping }: { owner: string; error: unknown; isStopping: boolean },
): Promise<void> {
  const fail = (fault: string) =>
    db.transaction().execute((tx) => endTransfer(tx, id, { state: 'failed', error: fault }))
  if (isStopping) return releaseTransfer(db, id, owner, 0)
  if (error instanceof LostTransfer) return
  if (error instanceof ImportError) {
    log.info({ transfer: id, fault: error.fault }, 'an import ended early')
    await fail(error.fault)
    return
  }
  log.error({ err: error, transfer: id, attempts }, 'a transfer failed')
  if (attempts >= mostAttempts) await fail('internal')
  else await releaseTransfer(db, id, owner, retrySeconds)
}
