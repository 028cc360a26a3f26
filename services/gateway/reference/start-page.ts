import { html } from 'hono/html'

/** What somebody sees who opens the address in a browser. */
export function startPage(): string {
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>Dakghar</title>
          <link rel="stylesheet" href="/api/docs.css" />
        </head>
        <body>
          <main class="narrow">
            <h1>Dakghar is running</h1>
            <p class="soft">
              Mail, chat, notifications and a shop for a small business, on one account, behind one gateway.
            </p>
            <ul>
              <li><a href="/api/docs">API reference</a>: every call that can be made here, with examples</li>
              <li><a href="/api/openapi.json">OpenAPI document</a>: the same for programs</li>
              <li><a href="/health">Health</a> and <a href="/ready">readiness</a> of this process</li>
            </ul>
          </main>
        </body>
      </html> `,
  )
}
