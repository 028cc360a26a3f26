/** How to speak to the live door, for people. */
import { html } from 'hono/html'
import { z } from 'zod'
import type { Contract, StreamDefinition } from '#contracts/contract.ts'
import {
  ClientMessage,
  liveCloseCodes,
  liveHeartbeatMs,
  liveLimits,
  livePath,
  liveWindow,
  ServerMessage,
} from '#contracts/live.ts'
import { nameOf, outerStreams } from '#services/gateway/live/streams.ts'
import { exampleOf } from './example.ts'
import { jsonSchemaOf, partsOf } from './schema.ts'

type Html = ReturnType<typeof html>

const closeTexts: Record<keyof typeof liveCloseCodes, string> = {
  goingAway: 'The gateway stops: connect again, to another one.',
  malformed: 'A message is not of this protocol.',
  sessionEnded: 'The session has ended or is another one now: ask who you are, then connect again.',
  tooSlow: 'Nothing was taken for half a minute: connect again and resume.',
  tooManyMessages: 'Too many messages: connect again later.',
}

export function liveSection(contracts: readonly Contract[]): Html {
  return html`<h2 id="live">live</h2>
    <p>
      A WebSocket at <code>${livePath}</code> carries any number of streams, up to ${liveLimits.subscriptions}
      at a time. Messages are JSON texts; those of a client have at most ${liveLimits.messageBytes / 1024}
      KiB. Who may listen to a stream is known by the cookie, token or key of the request that opens the
      socket.
    </p>
    <p>
      A client subscribes under an id of its choice and is sent ${liveWindow} items at most before it grants
      credit for those it has taken. Who was cut off connects again and says <code>after</code>, the last
      sequence it saw: it misses nothing. Without <code>after</code> a stream begins with what happens from
      now on. Each side may ask for a sign of life; who gives none for ${liveHeartbeatMs / 1000} s is cut.
    </p>
    <h3>Messages of a client</h3>
    ${messages(ClientMessage)}
    <h3>Messages of the server</h3>
    ${messages(ServerMessage)}
    <h3>Close codes</h3>
    <dl>
      ${Object.entries(liveCloseCodes).map(
        ([reason, code]) =>
          html`<div>
            <dt><code>${code} ${reason}</code></dt>
            <dd>${closeTexts[reason as keyof typeof liveCloseCodes]}</dd>
          </div>`,
      )}
    </dl>
    <h3>Streams</h3>
    <dl>${outerStreams(contracts).map(entry)}</dl>`
}

function messages(schema: z.ZodType): Html {
  const examples = partsOf(jsonSchemaOf(schema, 'output')).map((part) => JSON.stringify(exampleOf(part)))
  return html`<pre tabindex="0"><code>${examples.join('\n')}</code></pre>`
}

function entry(stream: StreamDefinition): Html {
  const { summary = '', http } = stream
  return html`<div>
    <dt><code>${nameOf(stream)}</code></dt>
    <dd>
      ${summary}
      ${
        http &&
        html`Also as server-sent events: <a href="#${nameOf(stream)}"><code>${http}</code></a
          >.`
      }
      ${stream.sequence ? '' : 'Can not be resumed.'}
    </dd>
  </div>`
}
