export const MemoryPanel = () => null
