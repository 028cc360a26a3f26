/** HTML of a message, where nothing in it runs, leads anywhere or is fetched from elsewhere. */
import { useEffect, useRef } from 'react'
import { sandboxedHtml } from '#web/app/trusted-types.ts'

export interface SandboxedHtmlProps {
  html: string
  title: string
}

export function SandboxedHtml({ html, title }: SandboxedHtmlProps) {
  const frame = useRef<HTMLIFrameElement>(null)
  useEffect(() => {
    if (frame.current) frame.current.srcdoc = sandboxedHtml(html)
  }, [html])
  return (
    <iframe
      ref={frame}
      title={title}
      sandbox=""
      style={{
        width: '100%',
        height: '22rem',
        border: '1px solid var(--mantine-color-default-border)',
        borderRadius: 'var(--mantine-radius-sm)',
        // Messages are written for white paper.
        background: '#fff',
        colorScheme: 'light',
      }}
    />
  )
}
