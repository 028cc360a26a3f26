/** Answers of the server that can be read without a network, in the browser's database, until the person signs out. */
import { queryOptions } from '@tanstack/react-query'
import type { AnySchema, CallDefinition } from '#contracts/contract.ts'
import { CallError } from '#contracts/errors.ts'
import { unreachable, type HttpInputOf, type HttpOutputOf } from '#contracts/http-client.ts'
import { caller } from './caller.ts'
import { queryOf } from './queries.ts'

interface Kept {
  key: string
  usedAt: number
  answer: unknown
}

/** Beyond these the answers that were used longest ago go. */
const mostAnswers = 500
const longestAnswer = 500_000

type AnyQuery = CallDefinition<'query', AnySchema, AnySchema>

/** As `queryOf`; where the server can't be reached it gives what the server said last. */
export function keptQueryOf<Definition extends AnyQuery>(
  definition: Definition,
  input: HttpInputOf<Definition>,
) {
  const { queryKey } = queryOf(definition, input)
  return queryOptions({
    queryKey,
    queryFn: ({ signal }): Promise<HttpOutputOf<Definition>> =>
      answerOrKept(JSON.stringify(queryKey), () => caller.call(definition, input, { signal })),
  })
}

/** What `ask` gives is kept under the key; where it reaches nobody, what is kept is given. */
export async function answerOrKept<Answer>(key: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    const answer = await ask()
    void keep(key, answer)
    return answer
  } catch (error) {
    if (!(error instanceof CallError) || error.code !== unreachable) throw error
    const old = await find(key)
    if (old === undefined) throw error
    return old.answer as Answer
  }
}

/** Begins the names of what else is stored until the person signs out. */
export const keptPrefix = 'kept:'

/** Everything, when the person is not the same any more. */
export async function forgetKept(): Promise<void> {
  try {
    for (const name of Object.keys(localStorage))
      if (name.startsWith(keptPrefix)) localStorage.removeItem(name)
  } catch {
    // Nothing is stored.
  }
  await withStore('readwrite', (store) => store.clear())
}

async function keep(key: string, answer: unknown): Promise<void> {
  if (JSON.stringify(answer).length > longestAnswer) return
  await withStore('readwrite', (store) => store.put({ key, usedAt: Date.now(), answer } satisfies Kept))
  if (Math.random() < 0.05) await dropOldest()
}

async function find(key: string): Promise<Kept | undefined> {
  return (await withStore('readonly', (store) => store.get(key))) as Kept | undefined
}

async function dropOldest(): Promise<void> {
  const count = ((await withStore('readonly', (store) => store.count())) as number | undefined) ?? 0
  if (count <= mostAnswers) return
  const keys = await withStore('readonly', (store) =>
    store.index('usedAt').getAllKeys(null, count - mostAnswers),
  )
  for (const key of (keys as IDBValidKey[] | undefined) ?? [])
    await withStore('readwrite', (store) => store.delete(key))
}

/** Undefined where the browser keeps nothing: in private windows, or when its disk is full. */
async function withStore(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  try {
    const database = await (opened ??= open())
    return await resultOf(act(database.transaction(storeName, mode).objectStore(storeName)))
  } catch {
    return undefined
  }
}

const storeName = 'answers'
let opened: Promise<IDBDatabase> | undefined

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('kept', 1)
  request.addEventListener('upgradeneeded', () => {
    const store = request.result.createObjectStore(storeName, { keyPath: 'key' })
    store.createIndex('usedAt', 'usedAt')
  })
  return resultOf(request)
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the browser keeps nothing')))
  })
}
