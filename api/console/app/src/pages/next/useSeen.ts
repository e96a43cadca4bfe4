// Whether an element has come into view, so that what it shows is asked for only then.
import { type RefObject, useEffect, useRef, useState } from "react";

export function useSeen<Shown extends Element>(): [RefObject<Shown | null>, boolean] {
  const element = useRef<Shown>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!element.current || seen) return;
    const watcher = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true),
      { rootMargin: "150px" },
    );
    watcher.observe(element.current);
    return () => watcher.disconnect();
  }, [seen]);
  return [element, seen];
}
