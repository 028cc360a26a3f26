/** The postbox: our mark. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <rect width="64" height="64" rx="14" fill="#006a4e" />
      <path d="M14 27a18 14 0 0 1 36 0z" fill="#fff" />
      <path d="M18 30h28v20a2 2 0 0 1-2 2H20a2 2 0 0 1-2-2z" fill="#fff" />
      <path d="M24 35h16" stroke="#006a4e" strokeWidth="3" strokeLinecap="round" />
      <path d="M24 40h16v9H24z" fill="#f42a41" />
      <path d="m24.5 40.5 7.5 5 7.5-5" fill="none" stroke="#fff" strokeWidth="1.6" />
    </svg>
  )
}
