// Paths as a graph: from left to right, on a narrow screen from top to bottom; every node is a link.
import "@xyflow/react/dist/base.css";
import {
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import {
  type RefObject,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { NodeLink } from "@/parts/Known";
import { spaced } from "@/words/figures";
import { type Direction, type Drawn, placed } from "./layout";
import { type Merged, nodeWords, type PathEdge, type PathNode } from "./pathways";
import "./path-graph.css";

const NODE = { width: 184, height: 54 };
const SMALLEST = 0.77;
/** Room for the name of the library below the drawing. */
const FOOT = 26;
const NARROW = matchMedia("(max-width: 52rem)");

function useDirection(): Direction {
  const narrow = useSyncExternalStore(
    (tell) => {
      NARROW.addEventListener("change", tell);
      return () => NARROW.removeEventListener("change", tell);
    },
    () => NARROW.matches,
  );
  return narrow ? "TB" : "LR";
}

/** The width that an element has on the page. */
function useWidth(): [RefObject<HTMLElement | null>, number] {
  const element = useRef<HTMLElement>(null);
  const [wide, setWide] = useState(0);
  useLayoutEffect(() => {
    const seen = element.current;
    if (!seen) return;
    setWide(seen.clientWidth);
    const watcher = new ResizeObserver(() => setWide(seen.clientWidth));
    watcher.observe(seen);
    return () => watcher.disconnect();
  }, []);
  return [element, wide];
}

type Data = { node: PathNode; direction: Direction };
type DrawnNode = Node<Data, "thing">;

/**
 * Drawn at its own size in a frame that scrolls, so that text stays legible and neither the wheel
 * nor a finger is caught on its way over the page.
 */
export default function PathGraph({ graph }: { graph: Merged }) {
  const direction = useDirection();
  const drawn = useMemo(() => placed(graph, direction, NODE), [graph, direction]);
  const nodes = useMemo(() => nodesOf(graph, drawn, direction), [graph, drawn, direction]);
  const edges = useMemo(() => graph.edges.map(edgeOf), [graph]);
  const [frame, wide] = useWidth();
  // Fitted to the frame as long as it stays legible; beyond that the frame scrolls.
  const zoom = Math.min(1, Math.max(SMALLEST, wide / drawn.width));
  return (
    // A drawing wider than the page scrolls by itself, and the keyboard has to reach it for that.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls takes the focus
    <section ref={frame} className="why-graph" tabIndex={0} aria-label="The paths as a graph">
      <div style={{ width: drawn.width * zoom, height: drawn.height * zoom + FOOT }}>
        <ReactFlow
          // The drawing is fitted to its frame by its size: laid out anew, it begins anew.
          key={direction}
          nodes={nodes}
          edges={edges}
          nodeTypes={TYPES}
          viewport={{ x: 0, y: 0, zoom }}
          minZoom={SMALLEST}
          maxZoom={1}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          panOnDrag={false}
          zoomOnScroll={false}
          zoomOnPinch={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          disableKeyboardA11y
          attributionPosition="bottom-left"
          aria-label="From the causes to what they changed"
        />
      </div>
    </section>
  );
}

function Thing({ data: { node, direction } }: NodeProps<DrawnNode>) {
  const [target, source] =
    direction === "LR" ? [Position.Left, Position.Right] : [Position.Top, Position.Bottom];
  return (
    <div className="why-node" data-role={node.role} title={nodeWords(node)}>
      <Handle type="target" position={target} isConnectable={false} />
      <span className="why-node-kind">
        {spaced(node.kind)}
        {node.role === "cause" ? <b>{node.ranks.join(", ")}</b> : null}
      </span>
      <NodeLink kind={node.kind} id={node.id} />
      <Handle type="source" position={source} isConnectable={false} />
    </div>
  );
}

const TYPES = { thing: Thing };

function nodesOf({ nodes }: Merged, { places }: Drawn, direction: Direction): DrawnNode[] {
  return nodes.map((node) => ({
    id: node.key,
    type: "thing",
    position: places.get(node.key) ?? { x: 0, y: 0 },
    data: { node, direction },
    ...NODE,
    ariaRole: "group",
    ariaLabel: nodeWords(node),
  }));
}

function edgeOf({ key, from, to, relationship, reversed }: PathEdge): Edge {
  const arrow = { type: MarkerType.ArrowClosed, width: 18, height: 18, color: "var(--quiet)" };
  const [start, end] = reversed ? [to, from] : [from, to];
  return {
    id: key,
    source: from,
    target: to,
    label: relationship,
    ariaLabel: `${start} ${relationship} ${end}`,
    ...(reversed
      ? { markerStart: { ...arrow, orient: "auto-start-reverse" } }
      : { markerEnd: arrow }),
  };
}
