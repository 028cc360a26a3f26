/**
 * Keeps what somebody writes: on this device soon after each change, on the server once the typing rests. It knows
 * nothing of pages, and goes on when the window is folded away.
 */
import { CallError } from '#contracts/errors.ts'
import type { Draft, DraftContent } from '#contracts/mail/writing.ts'

/**
 * `local`: kept on this device only, as the server can't be reached. `changed`: saved elsewhere meanwhile. `gone`: sent
 * or thrown away elsewhere. `refused`: the server does not take it as it is.
 */
export type KeepingState = 'saved' | 'unsaved' | 'saving' | 'local' | 'changed' | 'gone' | 'refused'

export interface DraftView {
  id: string
  /** 0: the server has nothing of it. */
  version: number
  content: DraftContent
  state: KeepingState
  savedAt: string | undefined
  error: unknown
  /** What is on the server, where the state is `changed`. */
  theirs: Draft | undefined
  /** Counts up when the content comes from elsewhere than the window. */
  generation: number
}

export interface DraftDoor {
  save(input: { draftId: string; version: number; content: DraftContent }): Promise<Draft>
  show(draftId: string): Promise<Draft>
}

export interface LocalCopy {
  id: string
  version: number
  content: DraftContent
  changedAt: string
}

export interface LocalCopies {
  put(copy: LocalCopy): void
  remove(id: string): void
  /** Says to other tabs that the draft is open, until the given function is called. */
  hold(id: string): () => void
}

export interface KeeperOptions {
  draft: Pick<Draft, 'id' | 'version' | 'content'> & { savedAt?: string }
  /** It says something that the server does not have. */
  isUnsaved?: boolean
  door: DraftDoor
  copies: LocalCopies
  newId: () => string
}

type Part = Partial<DraftContent> | (() => Partial<DraftContent>)

export const autosaveMs = 1000
/** While the typing does not rest. */
const longestUnsavedMs = 5000
const localCopyMs = 250
const retryMs = [3000, 10_000, 30_000]

export class DraftKeeper {
  readonly #door: DraftDoor
  readonly #copies: LocalCopies
  readonly #newId: () => string
  readonly #watchers = new Set<() => void>()
  #view: DraftView
  #promised: (() => Partial<DraftContent>) | undefined
  #changes: number
  #savedChanges = 0
  #firstUnsavedAt = Date.now()
  #failures = 0
  #saving: Promise<void> | undefined
  #isClosed = false
  #saveTimer: ReturnType<typeof setTimeout> | undefined
  #copyTimer: ReturnType<typeof setTimeout> | undefined
  #release: () => void

  constructor({ draft, isUnsaved = false, door, copies, newId }: KeeperOptions) {
    this.#door = door
    this.#copies = copies
    this.#newId = newId
    const { id, version, content, savedAt } = draft
    const state = isUnsaved ? 'unsaved' : 'saved'
    this.#view = { id, version, content, savedAt, state, error: undefined, theirs: undefined, generation: 0 }
    this.#changes = isUnsaved ? 1 : 0
    this.#release = copies.hold(id)
    if (isUnsaved) this.#saveIn(autosaveMs)
  }

  readonly view = (): DraftView => this.#view

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** A function is asked once the content is needed: to make it may cost more than a keystroke may. */
  change(part: Part): void {
    if (this.#isClosed) return
    if (this.#isSaved) this.#firstUnsavedAt = Date.now()
    this.#changes += 1
    if (typeof part === 'function') this.#promised = part
    else {
      this.#collect()
      this.#tell({ content: { ...this.#view.content, ...part } })
    }
    const { state } = this.#view
    if (state === 'saved' || state === 'refused') this.#tell({ state: 'unsaved', error: undefined })
    this.#copyTimer ??= setTimeout(() => this.#copy(), localCopyMs)
    if (this.#view.state !== 'unsaved') return
    const leftMs = this.#firstUnsavedAt + longestUnsavedMs - Date.now()
    this.#saveIn(Math.max(0, Math.min(autosaveMs, leftMs)))
  }

  /** Asks for content that was promised by a function. */
  settle(): void {
    if (this.#promised === undefined) return
    this.#collect()
    this.#tell({})
  }

  /** Saves at once what is not saved. Rejects when that fails. */
  async flush(): Promise<DraftView> {
    this.#copy()
    await this.#save()
    if (!this.#isSaved) await this.#save()
    if (this.#view.state !== 'saved') throw this.#view.error
    return this.#view
  }

  /** What the server has instead of what is here. */
  takeTheirs(): void {
    const { theirs, id, generation } = this.#view
    if (!theirs) return
    this.#promised = undefined
    this.#savedChanges = this.#changes
    this.#copies.remove(id)
    const { version, content, savedAt } = theirs
    this.#tell({ version, content, savedAt, ...settled, state: 'saved', generation: generation + 1 })
  }

  /** Goes on as a draft of its own beside what the server has. */
  keepAsNew(): void {
    this.#copies.remove(this.#view.id)
    this.#release()
    this.#changes += 1
    this.#tell({ id: this.#newId(), version: 0, ...settled, state: 'unsaved' })
    this.#release = this.#copies.hold(this.#view.id)
    this.#copy()
    this.#saveIn(0)
  }

  /** Nothing is saved any more. `forget`: nor kept on this device. */
  close({ forget } = { forget: false }): void {
    this.#copy()
    this.#isClosed = true
    clearTimeout(this.#saveTimer)
    clearTimeout(this.#copyTimer)
    if (forget) this.#copies.remove(this.#view.id)
    this.#release()
  }

  /** Nothing is saved any more, nor kept. Gives the version that the server has, 0 for none. */
  async discard(): Promise<number> {
    this.close({ forget: true })
    await this.#saving?.catch(() => undefined)
    return this.#view.version
  }

  /** Goes on by itself until the server has it. */
  closeWhenSaved(): void {
    const look = () => {
      if (!this.#isSaved) return
      this.#watchers.delete(look)
      this.close({ forget: true })
    }
    this.#watchers.add(look)
    look()
  }

  get #isSaved(): boolean {
    return this.#changes === this.#savedChanges
  }

  #tell(part: Partial<DraftView>): void {
    this.#view = { ...this.#view, ...part }
    for (const watcher of this.#watchers) watcher()
  }

  #collect(): void {
    const promised = this.#promised
    if (promised === undefined) return
    this.#promised = undefined
    this.#view = { ...this.#view, content: { ...this.#view.content, ...promised() } }
  }

  #copy(): void {
    clearTimeout(this.#copyTimer)
    this.#copyTimer = undefined
    this.#collect()
    if (this.#isClosed || this.#isSaved) return
    const { id, version, content } = this.#view
    this.#copies.put({ id, version, content, changedAt: new Date().toISOString() })
  }

  #saveIn(ms: number): void {
    clearTimeout(this.#saveTimer)
    this.#saveTimer = setTimeout(() => void this.#save().catch(() => undefined), ms)
  }

  /** One saving at a time: the version of the next comes with the answer to the one before. */
  async #save(): Promise<void> {
    clearTimeout(this.#saveTimer)
    while (this.#saving) await this.#saving.catch(() => undefined)
    const { state } = this.#view
    if (this.#isClosed || this.#isSaved || state === 'changed' || state === 'gone') return
    this.#saving = this.#saveOnce().finally(() => (this.#saving = undefined))
    await this.#saving
  }

  async #saveOnce(): Promise<void> {
    this.#copy()
    const { id, version, content } = this.#view
    const sent = this.#changes
    this.#tell({ state: 'saving' })
    try {
      this.#take(await this.#door.save({ draftId: id, version, content }), sent)
    } catch (error) {
      const found = await this.#explain(error)
      // An answer that got lost leaves a draft of the next version with our own words.
      if (found.theirs && saysTheSame(found.theirs.content, content)) return this.#take(found.theirs, sent)
      this.#tell(found)
      if (found.state === 'local') this.#saveIn(retryMs[Math.min(this.#failures++, retryMs.length - 1)]!)
      throw error
    }
  }

  #take({ id, version, savedAt }: Draft, sent: number): void {
    if (this.#isClosed) return this.#tell({ version })
    this.#failures = 0
    this.#savedChanges = sent
    const isLatest = this.#isSaved
    if (isLatest) this.#copies.remove(id)
    else {
      this.#firstUnsavedAt = Date.now()
      this.#saveIn(autosaveMs)
    }
    this.#tell({ version, savedAt, ...settled, state: isLatest ? 'saved' : 'unsaved' })
  }

  async #explain(error: unknown): Promise<Pick<DraftView, 'state' | 'error'> & { theirs?: Draft }> {
    const code = error instanceof CallError ? error.code : 'internal'
    if (code === 'notFound') return { state: 'gone', error }
    if (refusals.has(code)) return { state: 'refused', error }
    if (code !== 'draftChanged') return { state: 'local', error }
    try {
      return { state: 'changed', theirs: await this.#door.show(this.#view.id), error }
    } catch (failure) {
      const isGone = failure instanceof CallError && failure.code === 'notFound'
      return { state: isGone ? 'gone' : 'local', error: failure }
    }
  }
}

const settled = { error: undefined, theirs: undefined }
const refusals = new Set(['invalid', 'tooLarge', 'forbidden', 'quotaExceeded', 'messageTooLarge'])

function saysTheSame(one: DraftContent, other: DraftContent): boolean {
  const gist = ({ to, cc, bcc, subject, text, html, attachments }: DraftContent) =>
    JSON.stringify([
      [to, cc, bcc].map((people) => people.map(({ address }) => address.trim())),
      subject,
      text,
      html,
      attachments.map(({ blob }) => blob),
    ])
  return gist(one) === gist(other)
}
