// The page that whoever told of something gave with it, on another site.

/** Nothing where there is none, or where the address is none of the web's. */
export function MoreLink({ url }: { url: string | null | undefined }) {
  if (!url || !/^https?:/i.test(url)) return null;
  return (
    <a href={url} rel="noreferrer noopener" target="_blank">
      More about it
    </a>
  );
}
