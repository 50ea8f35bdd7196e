package io.dragonfly.dist;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rules of docs/architecture.md that a compiler does not know. */
class ArchitectureTest {
  /** The classes of daemon.download that decide; the others there do what was decided. */
  private static final Set<String> DECIDING =
      Set.of(
          "Action",
          "Answers",
          "Event",
          "Fetches",
          "LinkPolicy",
          "OriginPlan",
          "OriginProblem",
          "OriginSide",
          "Parent",
          "ParentBook",
          "Parts",
          "PiecePicker",
          "Progress",
          "SwarmSide",
          "TaskContent",
          "TaskDownload",
          "Versions",
          "Waiters");

  private static JavaClasses program;

  @BeforeAll
  static void read() {
    program =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/io/dragonfly/api/"))
            .importPackages("io.dragonfly");
  }

  @Test
  void modulesDependInOneDirection() {
    layer("common", "scheduler", "daemon", "cli", "dist");
    layer("scheduler", "daemon", "cli", "dist");
    layer("daemon", "scheduler", "cli", "dist");
    layer("cli", "scheduler", "dist");
  }

  private static void layer(String module, String... above) {
    String[] packages = new String[above.length];
    for (int i = 0; i < above.length; i++) {
      packages[i] = "io.dragonfly." + above[i] + "..";
    }
    noClasses()
        .that()
        .resideInAPackage("io.dragonfly." + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(packages)
        .check(program);
  }

  @Test
  void cliUsesTheDaemonOnlyToReadOrigins() {
    noClasses()
        .that()
        .resideInAPackage("io.dragonfly.cli..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.dragonfly.daemon..")
                .and(DescribedPredicate.not(resideInAPackage("io.dragonfly.daemon.source"))))
        .check(program);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.dragonfly.(**)").should().beFreeOfCycles().check(program);
  }

  @Test
  void protoTypesStayInRpcPackages() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.dragonfly..rpc")
        .should()
        .dependOnClassesThat(resideInAPackage("io.dragonfly.api.."))
        .check(program);
  }

  @Test
  void packagesAreFlat() {
    classes().should().resideInAnyPackage("io.dragonfly.*", "io.dragonfly.*.*").check(program);
  }

  @Test
  void everyDecidingClassThatIsNamedExists() {
    for (String name : DECIDING) {
      assertThat(program.contain("io.dragonfly.daemon.download." + name)).as(name).isTrue();
    }
  }

  @Test
  void deciderHasNoThreadsSocketsClocksOrFiles() {
    DescribedPredicate<JavaClass> deciding =
        resideInAnyPackage(
                "io.dragonfly.scheduler.swarm",
                "io.dragonfly.scheduler.placement",
                "io.dragonfly.scheduler.origin")
            .or(
                describe(
                    "a deciding class of daemon.download",
                    type ->
                        type.getPackageName().equals("io.dragonfly.daemon.download")
                            && DECIDING.contains(outermost(type))));
    noClasses()
        .that(deciding)
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "java.net", "java.nio.channels", "java.nio.file", "io.grpc..", "io.netty..")
                .or(
                    describe(
                        "a thread, a clock or a file",
                        type ->
                            type.getName().equals("java.lang.Thread")
                                || type.getName().equals("java.time.Clock")
                                || type.getName().equals("java.time.InstantSource")
                                || (type.getPackageName().equals("java.io")
                                    && !type.getName().equals("java.io.Serializable")))))
        .check(program);
    noClasses().that(deciding).should().callMethod(System.class, "nanoTime").check(program);
    noClasses()
        .that(deciding)
        .should()
        .callMethod(System.class, "currentTimeMillis")
        .check(program);
    noClasses().that(deciding).should().callMethod(java.time.Instant.class, "now").check(program);
  }

  private static String outermost(JavaClass type) {
    String name = type.getName().substring(type.getPackageName().length() + 1);
    int nested = name.indexOf('$');
    return nested < 0 ? name : name.substring(0, nested);
  }
}
