/** Buttons of the formats. Arrow keys go from one to the next. */
import { ActionIcon, Button, Group, Popover, Stack, TextInput, Tooltip } from '@mantine/core'
import { useEditorState, type Editor } from '@tiptap/react'
import {
  Bold,
  Heading2,
  Heading3,
  Italic,
  Link2,
  List,
  ListOrdered,
  Quote,
  Redo2,
  RemoveFormatting,
  Strikethrough,
  Underline,
  Undo2,
  type LucideIcon,
} from 'lucide-react'
import { useState, type KeyboardEvent } from 'react'
import { useWords } from '#web/app/language.tsx'
import type { PlainKey } from '#web/messages/messages.ts'
import { isAddress } from './addresses.ts'
import classes from './editor.module.css'

interface Tool {
  label: PlainKey
  keys?: string
  icon: LucideIcon
  act: (editor: Editor) => void
  isOn?: (editor: Editor) => boolean
}

const on = (name: string, attributes?: object) => (editor: Editor) => editor.isActive(name, attributes)

const marks: readonly Tool[] = [
  {
    label: 'format.bold',
    keys: 'Ctrl+B',
    icon: Bold,
    act: (e) => e.chain().focus().toggleBold().run(),
    isOn: on('bold'),
  },
  {
    label: 'format.italic',
    keys: 'Ctrl+I',
    icon: Italic,
    act: (e) => e.chain().focus().toggleItalic().run(),
    isOn: on('italic'),
  },
  {
    label: 'format.underline',
    keys: 'Ctrl+U',
    icon: Underline,
    act: (e) => e.chain().focus().toggleUnderline().run(),
    isOn: on('underline'),
  },
  {
    label: 'format.strike',
    icon: Strikethrough,
    act: (e) => e.chain().focus().toggleStrike().run(),
    isOn: on('strike'),
  },
]

const blocks: readonly Tool[] = [
  {
    label: 'format.heading',
    icon: Heading2,
    act: (e) => e.chain().focus().toggleHeading({ level: 2 }).run(),
    isOn: on('heading', { level: 2 }),
  },
  {
    label: 'format.smallHeading',
    icon: Heading3,
    act: (e) => e.chain().focus().toggleHeading({ level: 3 }).run(),
    isOn: on('heading', { level: 3 }),
  },
  {
    label: 'format.list',
    icon: List,
    act: (e) => e.chain().focus().toggleBulletList().run(),
    isOn: on('bulletList'),
  },
  {
    label: 'format.numbers',
    icon: ListOrdered,
    act: (e) => e.chain().focus().toggleOrderedList().run(),
    isOn: on('orderedList'),
  },
  {
    label: 'format.quote',
    icon: Quote,
    act: (e) => e.chain().focus().toggleBlockquote().run(),
    isOn: on('blockquote'),
  },
]

const others: readonly Tool[] = [
  {
    label: 'format.remove',
    icon: RemoveFormatting,
    act: (e) => e.chain().focus().unsetAllMarks().clearNodes().run(),
  },
  { label: 'format.undo', keys: 'Ctrl+Z', icon: Undo2, act: (e) => e.chain().focus().undo().run() },
  { label: 'format.redo', keys: 'Ctrl+Shift+Z', icon: Redo2, act: (e) => e.chain().focus().redo().run() },
]

const all = [...marks, ...blocks]
const quiet = { color: 'gray', c: 'inherit' } as const

export function EditorTools({ editor }: { editor: Editor }) {
  const { t } = useWords()
  const pressed = useEditorState({
    editor,
    selector: ({ editor }) =>
      all
        .filter(({ isOn }) => isOn?.(editor))
        .map(({ label }) => label)
        .join(),
  }).split(',')
  const shown = (tools: readonly Tool[]) =>
    tools.map((tool) => (
      <ToolButton key={tool.label} tool={tool} isPressed={pressed.includes(tool.label)} editor={editor} />
    ))
  return (
    <div role="toolbar" aria-label={t('format.tools')} className={classes.tools} onKeyDown={moveFocus}>
      {shown(marks)}
      <span className={classes.divider} />
      {shown(blocks)}
      <LinkTool editor={editor} />
      <span className={classes.divider} />
      {shown(others)}
    </div>
  )
}

interface ToolButtonProps {
  tool: Tool
  isPressed: boolean
  editor: Editor
}

function ToolButton({ tool: { label, keys, icon: Icon, act, isOn }, isPressed, editor }: ToolButtonProps) {
  const { t } = useWords()
  const name = t(label)
  return (
    <Tooltip label={keys === undefined ? name : `${name} (${keys})`}>
      <ActionIcon
        variant={isPressed ? 'light' : 'subtle'}
        {...(!isPressed && quiet)}
        aria-label={name}
        aria-pressed={isOn ? isPressed : undefined}
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => act(editor)}
      >
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}

function LinkTool({ editor }: { editor: Editor }) {
  const { t } = useWords()
  const [isOpen, setOpen] = useState(false)
  const isOn = useEditorState({ editor, selector: ({ editor }) => editor.isActive('link') })
  return (
    <Popover opened={isOpen} onChange={setOpen} trapFocus withArrow shadow="md" returnFocus>
      <Popover.Target>
        <Tooltip label={`${t('format.link')} (Ctrl+K)`}>
          <ActionIcon
            variant={isOn ? 'light' : 'subtle'}
            {...(!isOn && quiet)}
            aria-label={t('format.link')}
            data-tool="link"
            onClick={() => setOpen(!isOpen)}
          >
            <Link2 size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        {isOpen && <LinkForm editor={editor} onDone={() => setOpen(false)} />}
      </Popover.Dropdown>
    </Popover>
  )
}

function LinkForm({ editor, onDone }: { editor: Editor; onDone: () => void }) {
  const { t } = useWords()
  const [address, setAddress] = useState(String(editor.getAttributes('link').href ?? ''))
  const href = linkOf(address)
  function put(): void {
    if (href === undefined) return
    const chain = editor.chain().focus().extendMarkRange('link')
    const { empty } = editor.state.selection
    if (empty && !editor.isActive('link'))
      chain
        .insertContent({ type: 'text', text: address.trim(), marks: [{ type: 'link', attrs: { href } }] })
        .run()
    else chain.setLink({ href }).run()
    onDone()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        put()
      }}
    >
      <Stack gap="xs">
        <TextInput
          label={t('format.linkAddress')}
          value={address}
          onChange={({ currentTarget }) => setAddress(currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <Group gap="xs">
          <Button type="submit" size="xs" disabled={href === undefined}>
            {t('format.linkSet')}
          </Button>
          {editor.isActive('link') && (
            <Button
              variant="default"
              size="xs"
              onClick={() => {
                editor.chain().focus().extendMarkRange('link').unsetLink().run()
                onDone()
              }}
            >
              {t('format.linkRemove')}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}

function linkOf(text: string): string | undefined {
  const trimmed = text.trim()
  if (isAddress(trimmed)) return `mailto:${trimmed}`
  if (/^(https?:\/\/|mailto:|tel:)\S+$/i.test(trimmed)) return trimmed
  return /^[^\s:/]+\.[^\s]+$/.test(trimmed) ? `https://${trimmed}` : undefined
}

function moveFocus(event: KeyboardEvent<HTMLDivElement>): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (step === undefined) return
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('button')]
  const index = buttons.indexOf(event.target as HTMLElement)
  if (index < 0) return
  event.preventDefault()
  buttons[(index + step + buttons.length) % buttons.length]?.focus()
}
