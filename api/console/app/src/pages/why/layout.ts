// Where the nodes of a graph are drawn. Pure; apart from the paths, as it is loaded with the drawing alone.
import { Graph, layout } from "@dagrejs/dagre";
import type { Merged } from "./pathways";

export type Direction = "LR" | "TB";
type Size = { width: number; height: number };
export type Drawn = Size & { places: Map<string, { x: number; y: number }> };

/** Where each node's upper left corner is, and how large the whole is. */
export function placed({ nodes, edges }: Merged, direction: Direction, node: Size): Drawn {
  const graph = new Graph();
  const along = direction === "LR" ? 108 : 58;
  graph.setGraph({ rankdir: direction, ranksep: along, nodesep: 18, marginx: 6, marginy: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { key } of nodes) graph.setNode(key, { ...node });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const places = new Map(
    nodes.map(({ key }) => {
      const { x, y } = graph.node(key) as { x: number; y: number };
      return [key, { x: x - node.width / 2, y: y - node.height / 2 }];
    }),
  );
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>;
  return { width, height, places };
}
