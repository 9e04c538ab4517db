targetScope = 'resourceGroup'

metadata description = 'Runs a fine-tuned model behind a web API on Azure Container Apps, with the workspace on a file share.'

@description('The commands that start the web API, in order. They are joined with "; " and run by /bin/bash -c.')
@minLength(1)
param defaultCommands array

@description('The most instances that the GPU workload profile may scale to. Zero is always the least, so that idle time costs nothing.')
@minValue(1)
@maxValue(20)
param maximumInstanceCount int = 2

@description('The region of every resource.')
param location string = resourceGroup().location

@description('What makes the default names unique. The same in both templates, so that inference finds what fine-tuning made.')
@minLength(1)
@maxLength(10)
param resourceSuffix string = substring(uniqueString(resourceGroup().id), 0, 5)

@description('The storage account that holds the file share.')
@minLength(3)
@maxLength(24)
param storageAccountName string = 'aistorage${resourceSuffix}'

@description('The file share that the workspace is synchronised to.')
@minLength(3)
@maxLength(63)
param fileShareName string = 'aifileshare${resourceSuffix}'

@description('The Container Apps environment.')
@minLength(2)
@maxLength(32)
param acaEnvironmentName string = 'aienv${resourceSuffix}'

@description('The name under which the environment knows the file share.')
@minLength(2)
@maxLength(32)
param acaEnvironmentStorageName string = 'aienvstorage${resourceSuffix}'

@description('The container app that serves the model.')
@minLength(2)
@maxLength(32)
param acaAppName string = 'aiacaapp${resourceSuffix}'

@description('The Log Analytics workspace that receives the console logs.')
@minLength(4)
@maxLength(63)
param acaLogAnalyticsName string = 'ailog${resourceSuffix}'

@description('The GPU workload profile: 1, 2 or 4 A100 cards with 24 cores and 220 GiB of memory each.')
@allowed([
  'NC24-A100'
  'NC48-A100'
  'NC96-A100'
])
param workloadProfileType string = 'NC24-A100'

@description('The container image. Its /bin/bash runs the commands.')
param containerImage string = 'docker.io/pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime'

@description('The cores of the container.')
@minValue(1)
@maxValue(96)
param containerCpu int = 24

@description('The memory of the container, with its unit.')
param containerMemory string = '220Gi'

var shareVolumeName = '${fileShareName}volume'
var webPort = 7860

resource storageAccount 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: storageAccountName
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    largeFileSharesState: 'Enabled'
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource fileService 'Microsoft.Storage/storageAccounts/fileServices@2026-04-01' = {
  parent: storageAccount
  name: 'default'
  properties: {
    shareDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource fileShare 'Microsoft.Storage/storageAccounts/fileServices/shares@2026-04-01' = {
  parent: fileService
  name: fileShareName
  properties: {
    shareQuota: 1024
  }
}

resource logAnalytics 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: acaLogAnalyticsName
  location: location
  properties: {
    retentionInDays: 30
    sku: {
      name: 'PerGB2018'
    }
  }
}

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = {
  name: acaEnvironmentName
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logAnalytics.properties.customerId
        sharedKey: logAnalytics.listKeys().primarySharedKey
      }
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
      {
        name: 'GPU'
        workloadProfileType: workloadProfileType
        minimumCount: 0
        maximumCount: maximumInstanceCount
      }
    ]
    zoneRedundant: false
  }
}

resource environmentStorage 'Microsoft.App/managedEnvironments/storages@2026-01-01' = {
  parent: environment
  name: acaEnvironmentStorageName
  properties: {
    azureFile: {
      accountName: storageAccount.name
      accountKey: storageAccount.listKeys().keys[0].value
      shareName: fileShare.name
      accessMode: 'ReadWrite'
    }
  }
}

resource containerApp 'Microsoft.App/containerApps@2026-01-01' = {
  name: acaAppName
  location: location
  properties: {
    environmentId: environment.id
    workloadProfileName: 'GPU'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: webPort
        transport: 'auto'
        allowInsecure: false
        traffic: [
          {
            latestRevision: true
            weight: 100
          }
        ]
      }
    }
    template: {
      containers: [
        {
          name: acaAppName
          image: containerImage
          command: [
            '/bin/bash'
            '-c'
            join(defaultCommands, '; ')
          ]
          resources: {
            cpu: containerCpu
            memory: containerMemory
          }
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/'
                port: webPort
                scheme: 'HTTP'
              }
              initialDelaySeconds: 60
              periodSeconds: 120
              failureThreshold: 10
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/'
                port: webPort
                scheme: 'HTTP'
              }
              initialDelaySeconds: 60
              periodSeconds: 10
              failureThreshold: 3
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/'
                port: webPort
                scheme: 'HTTP'
              }
              initialDelaySeconds: 60
              periodSeconds: 10
              failureThreshold: 3
            }
          ]
          volumeMounts: [
            {
              volumeName: shareVolumeName
              mountPath: '/mount'
            }
          ]
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
      volumes: [
        {
          name: shareVolumeName
          storageType: 'AzureFile'
          storageName: environmentStorage.name
        }
      ]
    }
  }
}

@description('The subscription that everything was made in.')
output SUBSCRIPTION_ID string = subscription().subscriptionId

@description('The resource group that everything was made in.')
output RESOURCE_GROUP_NAME string = resourceGroup().name

@description('The storage account that holds the file share.')
output STORAGE_ACCOUNT_NAME string = storageAccount.name

@description('The file share that the workspace is synchronised to.')
output FILE_SHARE_NAME string = fileShare.name

@description('The container app.')
output ACA_APP_NAME string = containerApp.name

@description('The host name of the web API.')
output ACA_APP_ENDPOINT string = containerApp.properties.configuration.ingress.fqdn
