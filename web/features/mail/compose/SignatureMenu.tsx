import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { LucideIcon } from 'lucide-react'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { LinkMenuItem } from './LinkMenuItem.tsx'
import { documentOf } from './editor-content.ts'
import type { TiptapEditor } from './Editor.tsx'

export interface SignatureMenuProps {
  editor: TiptapEditor | undefined
  icon: LucideIcon
}

/** Puts another signature in the place of the one that is there. */
export function SignatureMenu({ editor, icon: Icon }: SignatureMenuProps) {
  const { t } = useWords()
  const { data } = useQuery({ ...queryOf(mail.calls.showMailPreferences, {}), staleTime: 300_000 })
  const put = (html: string | undefined) => editor && putSignature(editor, html)
  return (
    <Menu position="top-start" withArrow>
      <Menu.Target>
        <Tooltip label={t('compose.signature')}>
          <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t('compose.signature')}>
            <Icon size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('compose.signature')}</Menu.Label>
        {data?.signatures.map(({ id, name, html }) => (
          <Menu.Item key={id} onClick={() => put(html)}>
            {name}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => put(undefined)}>{t('compose.noSignature')}</Menu.Item>
        <Menu.Divider />
        <LinkMenuItem to="/mail/settings/signatures">{t('compose.manageSignatures')}</LinkMenuItem>
      </Menu.Dropdown>
    </Menu>
  )
}

function putSignature(editor: TiptapEditor, html: string | undefined): void {
  const { doc, schema, tr } = editor.state
  let from = doc.content.size
  let to = from
  doc.forEach((node, offset) => {
    if (node.type.name === 'signature') [from, to] = [offset, offset + node.nodeSize]
  })
  if (html === undefined) tr.delete(from, to)
  else {
    const { content } = documentOf(schema, html)
    const signature = schema.nodes.signature!.create(null, content)
    const before = from === to ? [schema.nodes.paragraph!.create()] : []
    tr.replaceWith(from, to, [...before, signature])
  }
  editor.view.dispatch(tr)
}
