import Testing

/// Tests that start programs, one after the other: a script that is being written cannot be started,
/// and a process that starts at the same moment may hold it open.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProcessTests {}
