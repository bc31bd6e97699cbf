import io.trino.plugin.hive.HivePlugin;
import io.trino.testing.DistributedQueryRunner;
import io.trino.testing.TestingSession;

/**
 * A Trino coordinator that works too, on a free loopback port, until its standard input ends.
 * Its catalog is the sandbox's to create.
 */
public final class TrinoCoordinator {
    public static void main(String[] arguments) throws Exception {
        var out = System.out; // Trino makes log lines of whatever is printed later
        var runner = DistributedQueryRunner.builder(TestingSession.testSessionBuilder().build())
                .setWorkerCount(0)
                .addCoordinatorProperty("http-server.http.port", "0")
                .addCoordinatorProperty("node-scheduler.include-coordinator", "true")
                .build();
        runner.installPlugin(new HivePlugin());
        out.println("READY " + runner.getCoordinator().getBaseUrl());
        out.flush();
        while (System.in.read() >= 0) { }
        System.exit(0);
    }
}
