/** The API reference for people: one page, no scripts. */
import { html } from 'hono/html'
import { standardErrors } from '#contracts/errors.ts'
import { maxBodyBytes } from '#services/gateway/http/body.ts'
import type { Contract } from '#contracts/contract.ts'
import { curlExample } from './curl.ts'
import { fieldList, parameterList } from './field-list.ts'
import { liveSection } from './live-section.ts'
import type { OpenApiDocument } from './openapi.ts'
import type { Operation } from './operation.ts'
import { doorErrors, titleOf } from '#services/gateway/http/problem.ts'

type Html = ReturnType<typeof html>

interface Door {
  method: string
  path: string
  operation: Operation
}

export function docsPage(document: OpenApiDocument, contracts: readonly Contract[]): string {
  const doors = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Door => ({ method, path, operation })),
  )
  const groups = document.tags.map((tag) => ({
    ...tag,
    doors: doors.filter(({ operation }) => operation.tags.includes(tag.name)),
  }))
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>API reference · ${document.info.title}</title>
          <link rel="stylesheet" href="/api/docs.css" />
        </head>
        <body>
          <div class="page">
            <nav class="contents" aria-label="Contents">
              <a class="home" href="/">${document.info.title}</a>
              ${groups.map(
                (group) =>
                  html`<p><a href="#${group.name}">${group.name}</a></p>
                    <ul>
                      ${group.doors.map(contentsEntry)}
                    </ul>`,
              )}
              <p><a href="#live">live</a></p>
              <p><a href="#problems">problems</a></p>
            </nav>
            <main>
              ${introduction()}
              ${groups.map(
                (group) =>
                  html`<h2 id="${group.name}">${group.name}</h2>
                    <p class="soft">${group.description}</p>
                    ${group.doors.map((door) => section(door, document))}`,
              )}
              ${liveSection(contracts)} ${problemList(doors)}
            </main>
          </div>
        </body>
      </html> `,
  )
}

function introduction(): Html {
  return html`<h1>API reference</h1>
    <p>
      Requests and answers are JSON. Programs read the same reference as an
      <a href="/api/openapi.json">OpenAPI document</a>.
    </p>
    <p>
      A call that is not for everyone wants a session token or a key: <code>Authorization: Bearer …</code> or
      <code>X-Api-Key: …</code>. Browsers get a cookie when they sign in. With an
      <code>Idempotency-Key</code> a command can be sent again without being done twice. A body has at most
      ${maxBodyBytes / 1024 / 1024} MiB. Every answer carries an <code>X-Correlation-Id</code>: yours, or else
      its trace id.
    </p>
    <p>The examples use two variables:</p>
    <pre tabindex="0"><code>DAKGHAR=http://localhost:3000
KEY=your-key</code></pre>`
}

function contentsEntry({ method, path, operation }: Door): Html {
  return html`<li>
    <a href="#${operation.operationId}"><code>${methodBadge(method)} ${path}</code></a>
  </li>`
}

const accessText: Record<string, string> = {
  public: 'for everyone',
  account: 'for people signed in',
  staff: 'for staff',
  admin: 'for administrators',
  service: 'for service keys',
}

function section(door: Door, document: OpenApiDocument): Html {
  const { method, path, operation } = door
  const { operationId, summary, parameters, requestBody } = operation
  const [status = '', answer] = Object.entries(operation.responses)[0] ?? []
  const body = requestBody?.content['application/json']
  const output = answer?.content?.['application/json'] ?? answer?.content?.['text/event-stream']
  return html`<article class="operation" id="${operationId}">
    <h3>
      <code>${methodBadge(method)} ${path}</code>
      <span class="access">${accessText[operation['x-access']]}</span>
    </h3>
    ${summary !== undefined && html`<p>${summary}</p>`}
    ${
      parameters.length > 0 &&
      html`<h4>Parameters</h4>
        ${parameterList(parameters, document)}`
    }
    ${
      body &&
      html`<h4>Body</h4>
        ${fieldList(body.schema, document, 'input')}`
    }
    <h4>Answer ${status} ${answer?.description}</h4>
    ${output && fieldList(output.schema, document, 'output')}
    <h4>Problems</h4>
    <p>${problemLinks(operation)}</p>
    <h4>Example</h4>
    <pre tabindex="0"><code>${curlExample(method, path, operation)}</code></pre>
  </article>`
}

function methodBadge(method: string): Html {
  return html`<span class="method ${method}">${method.toUpperCase()}</span>`
}

function problemsOf({ responses }: Operation): [code: string, status: string][] {
  return Object.entries(responses).flatMap(([status, answer]) =>
    (answer['x-codes'] ?? []).map((code): [string, string] => [code, status]),
  )
}

function problemLinks(operation: Operation): Html[] {
  return problemsOf(operation).map(
    ([code, status]) => html`<a class="problem" href="#problem-${code}">${status} ${code}</a> `,
  )
}

/** Every code that can leave, each with its anchor: the `type` of a problem document leads here. */
function problemList(doors: Door[]): Html {
  const codes = new Map<string, string>(
    Object.entries({ ...standardErrors, ...doorErrors }).map(([code, status]) => [code, String(status)]),
  )
  for (const [code, status] of doors.flatMap(({ operation }) => problemsOf(operation)))
    codes.set(code, status)
  const sorted = [...codes].toSorted(([a, one], [b, other]) => (one + a < other + b ? -1 : 1))
  return html`<h2 id="problems">Problems</h2>
    <p>
      A call that fails answers with <code>application/problem+json</code> (RFC 9457). Programs read
      <code>code</code>, people <code>title</code> and <code>detail</code>; <code>errors</code> names every
      wrong field.
    </p>
    <dl>
      ${sorted.map(
        ([code, status]) =>
          html`<div id="problem-${code}">
            <dt><code>${status} ${code}</code></dt>
            <dd>${titleOf(code)}</dd>
          </div>`,
      )}
    </dl>`
}
