/** Calls and streams of contracts as components use them. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
  type UseMutationResult,
} from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { InputOf, OutputOf } from '#contracts/client.ts'
import type { AnySchema, CallDefinition, CallKind, StreamDefinition } from '#contracts/contract.ts'
import { CallError } from '#contracts/errors.ts'
import {
  newIdempotencyKey,
  unreachable,
  type HttpInputOf,
  type HttpOutputOf,
} from '#contracts/http-client.ts'
import { caller } from './caller.ts'
import { confirmIdentity } from './confirmation.ts'

type AnyCall<Kind extends CallKind = CallKind> = CallDefinition<Kind, AnySchema, AnySchema>
type AnyStream = StreamDefinition<AnySchema, AnySchema>

/** Begins the keys of everything that was asked of a call. */
export function keyOf({ service, name }: Pick<AnyCall, 'service' | 'name'>): [string, string] {
  return [service, name]
}

/** `useQuery(queryOf(identity.calls.showMe, {}))` */
export function queryOf<Definition extends AnyCall<'query'>>(
  definition: Definition,
  input: HttpInputOf<Definition>,
) {
  return queryOptions({
    queryKey: [...keyOf(definition), input],
    queryFn: ({ signal }) => caller.call(definition, input, { signal }),
  })
}

interface Page<Item> {
  items: Item[]
  nextCursor: string | null
}
type ItemOf<Definition> = OutputOf<Definition> extends Page<infer Item> ? Item : never

/** `useInfiniteQuery(pagesOf(identity.calls.listAccounts, { search }))`; its data is all items so far. */
export function pagesOf<Definition extends AnyCall<'query'>>(
  definition: Definition,
  input: Omit<InputOf<Definition>, 'cursor'>,
) {
  return infiniteQueryOptions({
    queryKey: [...keyOf(definition), 'pages', input],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam: cursor }) => {
      const page = await caller.call(definition, { ...input, cursor } as HttpInputOf<Definition>, { signal })
      return page as unknown as Page<ItemOf<Definition>>
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    select: ({ pages }) => pages.flatMap(({ items }) => items),
  })
}

export interface CommandOptions<Definition> {
  /** What was asked of these queries is asked anew. */
  refreshes?: readonly Pick<AnyCall, 'service' | 'name'>[]
  onDone?: (output: HttpOutputOf<Definition>, input: HttpInputOf<Definition>) => void
}

/**
 * `const rename = useCommand(identity.calls.renamePasskey); rename.mutate({ id, name })`. Asks who the person is where
 * the call wants to know, and tries again what got no answer and may be repeated.
 */
export function useCommand<Definition extends AnyCall<'command'>>(
  definition: Definition,
  { refreshes = [], onDone }: CommandOptions<Definition> = {},
): UseMutationResult<HttpOutputOf<Definition>, Error, HttpInputOf<Definition>> {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (input: HttpInputOf<Definition>) => perform(definition, input),
    onSuccess: (output, input) => {
      for (const query of refreshes) void queries.invalidateQueries({ queryKey: keyOf(query) })
      onDone?.(output, input)
    },
  })
}

/** Rejects with `cancelled` when the person does not confirm who they are. */
export async function perform<Definition extends AnyCall<'command'>>(
  definition: Definition,
  input: HttpInputOf<Definition>,
): Promise<HttpOutputOf<Definition>> {
  const attempt = () => sendTwice(definition, input)
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof CallError) || error.code !== 'confirmationNeeded') throw error
    await confirmIdentity()
    return await attempt()
  }
}

async function sendTwice<Definition extends AnyCall<'command'>>(
  definition: Definition,
  input: HttpInputOf<Definition>,
): Promise<HttpOutputOf<Definition>> {
  const idempotencyKey = newIdempotencyKey()
  const send = () => caller.call(definition, input, { idempotencyKey })
  try {
    return await send()
  } catch (error) {
    const mayRepeat = definition.idempotency !== 'none' && !definition.upload
    if (!mayRepeat || !(error instanceof CallError) || error.code !== unreachable) throw error
    return await send()
  }
}

export interface StreamView<Item> {
  /** The newest last. */
  items: readonly Item[]
  error: CallError | undefined
}

/**
 * Follows a stream while the component is shown: `useStream(logs.streams.tail, { level }, { keep: 500 })`. A new input
 * begins anew. `onItem` is for those who put items elsewhere.
 */
export function useStream<Definition extends AnyStream>(
  definition: Definition,
  input: InputOf<Definition>,
  { keep = 200, isOn = true, onItem }: StreamOptions<OutputOf<Definition>> = {},
): StreamView<OutputOf<Definition>> {
  type Item = OutputOf<Definition>
  const [view, setView] = useState<StreamView<Item>>({ items: [], error: undefined })
  const told = useRef(onItem)
  told.current = onItem
  const text = JSON.stringify(input)

  useEffect(() => {
    if (!isOn) return
    const controller = new AbortController()
    setView({ items: [], error: undefined })
    void follow()
    return () => controller.abort()

    async function follow(): Promise<void> {
      const { signal } = controller
      try {
        const items = caller.stream(definition as never, JSON.parse(text), { signal }) as AsyncIterable<Item>
        for await (const item of items) {
          if (signal.aborted) return
          told.current?.(item)
          if (keep > 0) setView(({ items }) => ({ items: [...items, item].slice(-keep), error: undefined }))
        }
      } catch (error) {
        if (!signal.aborted) setView(({ items }) => ({ items, error: error as CallError }))
      }
    }
  }, [definition, text, isOn, keep])

  return view
}

interface StreamOptions<Item> {
  /** Items kept; 0 where `onItem` takes them. */
  keep?: number
  isOn?: boolean
  onItem?: (item: Item) => void
}
